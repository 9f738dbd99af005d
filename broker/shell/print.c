/* print.c: walks the tables of step.h and expectation.h cell by cell; nothing is known here twice. */
#include "print.h"

#include <stdbool.h>
#include <string.h>

#include "core/expectation.h"
#include "core/step.h"
#include "names.h"

#define EVENT_WIDTH 28
#define OUTCOME_WIDTH 23

static const char *event_name(enum sch_event_type type)
{
    switch (type) {
    case SCH_EVENT_SUBMIT:
        return "SUBMIT";
    case SCH_EVENT_COLLECT:
        return "COLLECT";
    case SCH_EVENT_REFUSE:
        return "REFUSE";
    case SCH_EVENT_EXHAUST:
        return "EXHAUST";
    case SCH_EVENT_DUE:
        return "DUE";
    case SCH_EVENT_FOLLOW:
        return "FOLLOW";
    case SCH_EVENT_FORWARD:
        return "FORWARD";
    case SCH_EVENT_SIBLING:
        return "SIBLING";
    case SCH_EVENT_TYPE_COUNT:
        break;
    }
    return "?";
}

/* The phases, from this one on, in which the event has the same outcome; "*" when that is everywhere. */
static void print_outcome(FILE *out, const char *event, enum sch_event_type type, enum sch_kind kind,
                          unsigned first)
{
    const char *outcome = sch_step_cell((enum sch_phase)first, type, kind);
    unsigned count = 0;
    fprintf(out, "%-*s %-*s", EVENT_WIDTH, event, OUTCOME_WIDTH, outcome);
    for (unsigned phase = 0; phase < SCH_PHASE_COUNT; phase++) {
        count += strcmp(sch_step_cell((enum sch_phase)phase, type, kind), outcome) == 0;
    }
    if (count == SCH_PHASE_COUNT) {
        fputs(" *\n", out);
        return;
    }
    for (unsigned phase = first; phase < SCH_PHASE_COUNT; phase++) {
        if (strcmp(sch_step_cell((enum sch_phase)phase, type, kind), outcome) == 0) {
            fprintf(out, " %s", sch_code_name(SCH_SET_PHASE, phase));
        }
    }
    fputc('\n', out);
}

static bool is_first(enum sch_event_type type, enum sch_kind kind, unsigned phase)
{
    for (unsigned earlier = 0; earlier < phase; earlier++) {
        if (strcmp(sch_step_cell((enum sch_phase)earlier, type, kind),
                   sch_step_cell((enum sch_phase)phase, type, kind)) == 0) {
            return false;
        }
    }
    return true;
}

static void print_event(FILE *out, enum sch_event_type type, enum sch_kind kind)
{
    char event[64];
    if (type == SCH_EVENT_SUBMIT) {
        (void)snprintf(event, sizeof event, "%s %s", event_name(type), sch_code_name(SCH_SET_KIND, kind));
    } else {
        (void)snprintf(event, sizeof event, "%s", event_name(type));
    }
    for (unsigned phase = 0; phase < SCH_PHASE_COUNT; phase++) {
        if (is_first(type, kind, phase)) {
            print_outcome(out, event, type, kind, phase);
        }
    }
}

void sch_print_states(FILE *out)
{
    fprintf(out, "%-*s %-*s %s\n", EVENT_WIDTH, "EVENT", OUTCOME_WIDTH, "OUTCOME", "IN PHASE");
    for (int kind = SCH_KIND_UNSPECIFIED + 1; kind < SCH_KIND_COUNT; kind++) {
        print_event(out, SCH_EVENT_SUBMIT, (enum sch_kind)kind);
    }
    for (int type = SCH_EVENT_SUBMIT + 1; type < SCH_EVENT_TYPE_COUNT; type++) {
        print_event(out, (enum sch_event_type)type, SCH_KIND_UNSPECIFIED);
    }
}

static const char *debtor_name(unsigned number)
{
    if (number == 1) {
        return "each recipient";
    }
    if (number == 11) {
        return "whoever was asked";
    }
    return sch_expectation_rule(number)->debtor == SCH_MEMBER_CREDITOR ? "creditor" : "receiver";
}

void sch_print_expectations(FILE *out)
{
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        fprintf(out, "E%-3u owed by      %s\n", number, debtor_name(number));
        fprintf(out, "     opens on     %s\n", rule->opens);
        fprintf(out, "     counts from  %s\n", rule->counts_from);
        fprintf(out, "     closes by    %s\n", rule->closes);
        fprintf(out, "     at an end    %s\n",
                !rule->survives ? "cancelled" : number == 6 ? "stays owed after an intake" : "stays owed");
    }
}
