/*
 * cells.c: which cells of the state table real turns reach; and what happens, for people.
 *
 * The linker leads every call of sch_step() through here: it is watched, not changed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/step.h"
#include "names.h"
#include "world.h"

struct sim_cells sim_cells;
bool sim_tracing;

static const char *const event_name[SCH_EVENT_TYPE_COUNT] = {
    [SCH_EVENT_COLLECT] = "COLLECT", [SCH_EVENT_REFUSE] = "REFUSE",   [SCH_EVENT_EXHAUST] = "EXHAUST",
    [SCH_EVENT_DUE] = "DUE",         [SCH_EVENT_FOLLOW] = "FOLLOW",   [SCH_EVENT_FORWARD] = "FORWARD",
    [SCH_EVENT_SIBLING] = "SIBLING",
};

void sim_trace(const struct sim *sim, const char *format, ...)
{
    va_list arguments;

    if (!sim_tracing)
        return;
    printf("%10.3f %6llu  ", (double)(sim->now_ms - sim->start_ms) / SIM_DAY_MS, (unsigned long long)sim->performed);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

int __real_sch_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
                    struct sch_effects *effects);
int __wrap_sch_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
                    struct sch_effects *effects);

/* Was it this cell that answered, and not a check before it? */
static bool is_reached(enum sch_phase phase, enum sch_event_type type, enum sch_kind kind, int code)
{
    const char *label = sch_step_cell(phase, type, kind);

    if (strncmp(label, "reject ", 7) != 0)
        return code == SCH_OK;
    return code != SCH_OK && strcmp(label + 7, sch_error_name((enum sch_error_code)code)) == 0;
}

int __wrap_sch_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
                    struct sch_effects *effects)
{
    enum sch_phase phase = dossier->phase;
    bool submits = event->type == SCH_EVENT_SUBMIT;
    enum sch_kind kind = submits ? event->header->kind : SCH_KIND_UNSPECIFIED;
    int code = __real_sch_step(world, dossier, event, effects);

    if ((unsigned)kind < SCH_KIND_COUNT && is_reached(phase, event->type, kind, code)) {
        if (submits)
            sim_cells.submit[kind][phase]++;
        else
            sim_cells.other[event->type][phase]++;
    }
    if (sim_tracing && (event->type != SCH_EVENT_DUE || effects->count > 0))
        printf("%24s%02x%02x%02x%02x %s: %s -> %s%s%s%s\n", "", dossier->id.bytes[12], dossier->id.bytes[13],
               dossier->id.bytes[14], dossier->id.bytes[15],
               submits ? sch_code_name(SCH_SET_KIND, kind) : event_name[event->type],
               sch_code_name(SCH_SET_PHASE, phase), sch_code_name(SCH_SET_PHASE, dossier->phase),
               code == SCH_OK ? "" : ", ", code == SCH_OK ? "" : sch_error_name((enum sch_error_code)code),
               code != SCH_OK && effects->count > 0 && effects->effect[0].field != NULL ? effects->effect[0].field
                                                                                        : "");
    return code;
}

/* What is not in the store has no dossier, so no step: the broker answers before. */
void sim_cell_unknown(enum sch_wire_verdict verdict)
{
    static const enum sch_event_type type[] = { [SCH_VERDICT_COLLECTED] = SCH_EVENT_COLLECT,
                                                [SCH_VERDICT_RETRY] = SCH_EVENT_EXHAUST,
                                                [SCH_VERDICT_REFUSED] = SCH_EVENT_REFUSE };

    sim_cells.other[type[verdict]][SCH_PHASE_NONE]++;
}

/* A dossier that does not exist has no due row, no group, and nothing that follows it. */
static bool is_possible(enum sch_event_type type, enum sch_phase phase)
{
    return phase != SCH_PHASE_NONE || (type != SCH_EVENT_DUE && type < SCH_EVENT_FOLLOW);
}

unsigned sim_cells_unreached(bool name)
{
    unsigned count = 0;

    for (int phase = 0; phase < SCH_PHASE_COUNT; phase++) {
        for (int kind = 1; kind < SCH_KIND_COUNT; kind++)
            if (sim_cells.submit[kind][phase] == 0) {
                count++;
                if (name)
                    printf("unreached: %s in %s\n", sch_code_name(SCH_SET_KIND, kind),
                           sch_code_name(SCH_SET_PHASE, phase));
            }
        for (int type = SCH_EVENT_SUBMIT + 1; type < SCH_EVENT_TYPE_COUNT; type++)
            if (sim_cells.other[type][phase] == 0 && is_possible((enum sch_event_type)type, (enum sch_phase)phase)) {
                count++;
                if (name)
                    printf("unreached: %s in %s\n", event_name[type], sch_code_name(SCH_SET_PHASE, phase));
            }
    }
    return count;
}
