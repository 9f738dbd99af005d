/*
 * trace.c: the rows of a trace as people read them.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "names.h"
#include "story.h"

/* "2026-12-21 09:00  stored      REFERRAL r1, from linde" */
static void line(char text[STORY_TEXT_MAX], const struct sch_trace_row *row, const char *what,
                 const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void line(char text[STORY_TEXT_MAX], const struct sch_trace_row *row, const char *what,
                 const char *format, ...)
{
    char moment[32];
    va_list arguments;
    int size;

    story_moment_text(row->at_ms, moment);
    size = snprintf(text, STORY_TEXT_MAX, "%s  %-9s ", moment, what);
    va_start(arguments, format);
    vsnprintf(text + size, STORY_TEXT_MAX - (size_t)size, format, arguments);
    va_end(arguments);
}

static const char *word_of(enum sch_trace_event event)
{
    switch (event) {
    case SCH_TRACE_OPENED: return "opened";
    case SCH_TRACE_MOVED: return "moved";
    case SCH_TRACE_REOPENED: return "reopened";
    case SCH_TRACE_CLOSED: return "closed";
    case SCH_TRACE_ALERTED: return "alert";
    case SCH_TRACE_STORED: return "stored";
    case SCH_TRACE_OFFERED: return "waiting";
    case SCH_TRACE_COLLECTED: return "collected";
    case SCH_TRACE_REFUSED_BY_SYSTEM: return "refused";
    case SCH_TRACE_EXPIRED: return "expired";
    case SCH_TRACE_WITHDRAWN: return "withdrawn";
    case SCH_TRACE_BODY_DESTROYED: return "destroyed";
    case SCH_TRACE_REPORTED: return "reported";
    case SCH_TRACE_PHASE: return "phase";
    case SCH_TRACE_BREACH: return "breach";
    case SCH_TRACE_SNOOZED: return "snoozed";
    case SCH_TRACE_PURGED: return "purged";
    case SCH_TRACE_REJECTED:
    case SCH_TRACE_READ:
    case SCH_TRACE_STARTED:
    case SCH_TRACE_STOPPED:
    case SCH_TRACE_RELOADED: break;
    }
    return "?";
}

static bool promise_line(struct story *story, const struct sch_trace_row *row, char text[STORY_TEXT_MAX])
{
    const char *for_what = story_message_text(story, &row->message);
    const char *whose = story_address_text(row->party.text);
    char due[32];

    story_moment_text(row->due_ms, due);
    if (row->event == SCH_TRACE_CLOSED)
        line(text, row, word_of(row->event), "E%u of %s (%s): %s", row->expectation, whose, for_what,
             sch_code_name(SCH_SET_STANDING, row->standing));
    else if (row->event == SCH_TRACE_SNOOZED)
        line(text, row, word_of(row->event), "E%u of %s (%s): until %s", row->expectation, whose, for_what,
             due);
    else if (row->event == SCH_TRACE_ALERTED)
        line(text, row, word_of(row->event), "E%u of %s (%s): %s, due %s", row->expectation, whose, for_what,
             sch_code_name(SCH_SET_STEP, row->step), due);
    else
        line(text, row, word_of(row->event), "E%u of %s (%s): %s, due %s", row->expectation, whose, for_what,
             sch_code_name(SCH_SET_STANDING, row->standing), due);
    return true;
}

/* Why somebody acted on the ledger: ": CALLED". Nothing for other messages. */
static const char *reason_of(const struct sch_trace_row *row)
{
    static char text[64];
    enum sch_code_set set = row->kind == SCH_KIND_NOTE       ? SCH_SET_NOTED
                            : row->kind == SCH_KIND_SNOOZE   ? SCH_SET_SNOOZED
                            : row->kind == SCH_KIND_WAIVER   ? SCH_SET_WAIVED
                            : row->kind == SCH_KIND_TAKEN_UP ? SCH_SET_TAKEN
                                                             : SCH_SET_NONE;

    if (row->code == 0 || set == SCH_SET_NONE)
        return "";
    snprintf(text, sizeof text, ": %s", sch_code_name(set, row->code));
    return text;
}

static bool message_line(struct story *story, const struct sch_trace_row *row, char text[STORY_TEXT_MAX])
{
    const char *name = story_message_text(story, &row->message);
    const char *whose = story_address_text(row->party.text);
    const char *kind = sch_code_name(SCH_SET_KIND, row->kind);

    switch (row->event) {
    case SCH_TRACE_STORED:
        line(text, row, word_of(row->event), "%s %s, from %s%s", kind, name, whose, reason_of(row));
        break;
    case SCH_TRACE_REPORTED:
        line(text, row, word_of(row->event), "%s about %s at %s", sch_code_name(SCH_SET_CAUSE, row->code),
             name, whose);
        break;
    case SCH_TRACE_BREACH:
        line(text, row, word_of(row->event), "%s%s%s", name, row->party.text[0] == '\0' ? "" : ", read at ",
             row->party.text[0] == '\0' ? "" : whose);
        break;
    case SCH_TRACE_BODY_DESTROYED: line(text, row, word_of(row->event), "letter of %s %s", kind, name); break;
    case SCH_TRACE_REFUSED_BY_SYSTEM:
        line(text, row, word_of(row->event), "%s %s, at %s, code %u", kind, name, whose, row->code);
        break;
    default: line(text, row, word_of(row->event), "%s %s, at %s", kind, name, whose); break;
    }
    return true;
}

bool story_trace_line(struct story *story, const struct sch_trace_row *row, char text[STORY_TEXT_MAX])
{
    switch (row->event) {
    case SCH_TRACE_OPENED:
    case SCH_TRACE_MOVED:
    case SCH_TRACE_REOPENED:
    case SCH_TRACE_CLOSED:
    case SCH_TRACE_SNOOZED:
    case SCH_TRACE_ALERTED: return promise_line(story, row, text);
    case SCH_TRACE_STORED:
    case SCH_TRACE_OFFERED:
    case SCH_TRACE_COLLECTED:
    case SCH_TRACE_REFUSED_BY_SYSTEM:
    case SCH_TRACE_EXPIRED:
    case SCH_TRACE_WITHDRAWN:
    case SCH_TRACE_BODY_DESTROYED:
    case SCH_TRACE_BREACH:
    case SCH_TRACE_REPORTED: return message_line(story, row, text);
    case SCH_TRACE_PHASE:
        line(text, row, word_of(row->event), "%s", sch_code_name(SCH_SET_PHASE, row->phase));
        return true;
    case SCH_TRACE_REJECTED:
    case SCH_TRACE_READ:
    case SCH_TRACE_STARTED:
    case SCH_TRACE_STOPPED:
    case SCH_TRACE_PURGED:
    case SCH_TRACE_RELOADED: break;
    }
    return false;
}
