/*
 * expect.c: what must be so: answers, phases, promises, mailboxes, traces. Everything is asked of the broker
 * over the wire, as a party that may ask.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "story.h"

/* Rows of one query, over all its pages. */
struct rows {
    struct sch_dossier_row dossier;     /* the last */
    struct sch_id chain[64];            /* all, in order */
    size_t dossier_count;
    struct sch_unanswered_row unanswered[256];
    size_t unanswered_count;
    struct sch_trace_row trace[2048];
    size_t trace_count;
    struct sch_mailbox_row mailbox[256];
    size_t mailbox_count;
    enum sch_error_code code;           /* not SCH_OK: it was refused */
};

static struct rows rows;                /* of the last query: one story is told at a time */

static void take_rows(const struct sch_page *page)
{
    for (size_t i = 0; i < page->dossier_count && rows.dossier_count < 64; i++) {
        rows.dossier = page->dossiers[i];
        rows.chain[rows.dossier_count++] = page->dossiers[i].dossier;
    }
    for (size_t i = 0; i < page->unanswered_count && rows.unanswered_count < 256; i++)
        rows.unanswered[rows.unanswered_count++] = page->unanswered[i];
    for (size_t i = 0; i < page->trace_count && rows.trace_count < 2048; i++)
        rows.trace[rows.trace_count++] = page->trace[i];
    for (size_t i = 0; i < page->mailbox_count && rows.mailbox_count < 256; i++)
        rows.mailbox[rows.mailbox_count++] = page->mailbox[i];
}

/* Asks on behalf of a named party; a refusal is an answer too. */
static bool ask(struct story *story, const char *name, enum sch_query_type type, const struct sch_id *dossier)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    struct story_system *system = story_system(story, name);
    struct sch_reply reply;
    size_t peer;
    bool answered;

    memset(&rows, 0, sizeof rows);
    if (system == NULL)
        return false;
    (void)sch_address_set(&command.query.party, system->party->address);
    command.query.type = type;
    command.query.limit = 7;            /* small, so that stories turn pages */
    if (dossier != NULL)
        command.query.dossier = *dossier;
    peer = story_enter(story, system);
    do {
        command.request = 0;
        answered = stage_ask(&story->stage, peer, &command, &reply);
        if (!answered)
            return story_fail(story, "expected an answer to a query, got none");
        if (reply.type == SCH_REPLY_REJECTION) {
            rows.code = (enum sch_error_code)reply.rejection.code;
            break;
        }
        take_rows(&reply.page);
        command.query.cursor_size = reply.page.cursor_size;
        memcpy(command.query.cursor, reply.page.cursor, sizeof command.query.cursor);
    } while (command.query.cursor_size > 0);
    story_leave(story, system, peer);
    return true;
}

/* The practice to which the dossier's feedback is owed. */
static const char *creditor_of(const struct story_message *message)
{
    const struct sch_header *header = &message->message.header;

    if (header->kind == SCH_KIND_CARE_NOTICE || sch_region_sim_at(header->receiver.text)->kind ==
        SCH_PARTY_GP_PRACTICE)
        return story_address_text(header->receiver.text);
    return story_address_text(header->creditor.text[0] != '\0' ? header->creditor.text : header->sender.text);
}

static bool ask_creditor(struct story *story, const struct story_message *message, enum sch_query_type type)
{
    return ask(story, creditor_of(message), type, &message->message.header.id) &&
           (rows.code == SCH_OK || story_fail(story, "%s may not see %s: %s", creditor_of(message),
                                              message->name,
                                              sch_error_name(rows.code)));
}

/* ---- answers ------------------------------------------------------------------------------------ */

static const char *answer_text(const struct story *story)
{
    static char text[128];

    if (!story->answered)
        return "no answer";
    if (story->answer.type != SCH_REPLY_REJECTION)
        return "it was taken";
    snprintf(text, sizeof text, "%s %s", sch_error_name((enum sch_error_code)story->answer.rejection.code),
             story->field);
    return text;
}

static bool expect_rejected(struct story *story, const struct story_words *words)
{
    bool rejected = story->answered && story->answer.type == SCH_REPLY_REJECTION;
    const char *field = words->count > 3 ? words->word[3] : "";

    story->answer_seen = true;
    if (!rejected || words->count < 3 ||
        strcmp(sch_error_name((enum sch_error_code)story->answer.rejection.code), words->word[2]) != 0 ||
        (field[0] != '\0' && strcmp(story->field, field) != 0))
        return story_fail(story, "expected %s %s, got %s", words->count > 2 ? words->word[2] : "a rejection",
                          field,
                          answer_text(story));
    if (story->answer_is_new)
        story->message_count--;         /* what was rejected is no part of the story */
    story->answer_is_new = false;
    return true;
}

static bool expect_receipt(struct story *story, const struct story_words *words)
{
    static const char *const warning[] = { "", "LETTER_OLD", "AGB_PREFIX", "INCOMPLETE" };
    bool receipt = story->answered && story->answer.type == SCH_REPLY_RECEIPT;

    story->answer_seen = true;
    if (!receipt)
        return story_fail(story, "expected a receipt, got %s", answer_text(story));
    if (story_is(words, 1, "DUPLICATE"))
        return story->answer.receipt.duplicate || story_fail(story,
                                                             "expected a duplicate, got a first receipt");
    for (unsigned i = 1; i < sizeof warning / sizeof warning[0]; i++)
        if (story_is(words, 2, warning[i]))
            return (story->answer.receipt.warnings & (1u << i)) != 0 ||
                   story_fail(story, "expected the warning %s, got %#x", warning[i],
                              story->answer.receipt.warnings);
    return story_fail(story, "which warning?");
}

/* ---- a dossier ---------------------------------------------------------------------------------- */

static bool expect_phase(struct story *story, const struct story_message *message, const char *phase)
{
    if (!ask_creditor(story, message, SCH_QUERY_DOSSIER))
        return false;
    return strcmp(sch_code_name(SCH_SET_PHASE, rows.dossier.phase), phase) == 0 ||
           story_fail(story, "expected %s in %s, got %s", message->name, phase,
                      sch_code_name(SCH_SET_PHASE, rows.dossier.phase));
}

/* "BREACH", "NO BREACH", "REFUSALS 2": what the dossier's row says. */
static bool expect_of_dossier(struct story *story, const struct story_words *words,
                              const struct story_message *message)
{
    bool breach = story_is(words, 2, "BREACH");
    unsigned long refusals = words->count > 3 ? strtoul(words->word[3], NULL, 10) : 0;

    if (!ask_creditor(story, message, SCH_QUERY_DOSSIER))
        return false;
    if (story_is(words, 2, "REFUSALS"))
        return rows.dossier.refusals == refusals ||
               story_fail(story, "expected %lu refusals, got %u", refusals, rows.dossier.refusals);
    return rows.dossier.breach == breach ||
           story_fail(story, "expected %s breach, got %s", breach ? "a" : "no", breach ? "none" : "one");
}

/* "EXPECT r1 CHAIN r1 r2": all that hangs together, oldest first. */
static bool expect_chain(struct story *story, const struct story_words *words,
                         const struct story_message *message)
{
    if (!ask_creditor(story, message, SCH_QUERY_CHAIN))
        return false;
    for (size_t i = 0; i < rows.dossier_count || i < words->count - 3; i++) {
        const char *got = i < rows.dossier_count ? story_message_text(story, &rows.chain[i]) : "nothing";
        const char *expected = i < words->count - 3 ? words->word[3 + i] : "nothing";

        if (strcmp(got, expected) != 0)
            return story_fail(story, "expected %s in the chain, got %s", expected, got);
    }
    return true;
}

/* by: who owes it; NULL: whoever. */
static const struct sch_unanswered_row *open_row(const struct story_message *message, unsigned number,
                                                 const char *by)
{
    for (size_t i = 0; i < rows.unanswered_count; i++)
        if (rows.unanswered[i].expectation == number &&
            (by == NULL || strcmp(story_address_text(rows.unanswered[i].debtor.text), by) == 0) &&
            memcmp(&rows.unanswered[i].dossier, &message->message.header.id, sizeof(struct sch_id)) == 0)
            return &rows.unanswered[i];
    return NULL;
}

static bool same_moment(struct story *story, const char *what, int64_t expected_ms, int64_t got_ms)
{
    char expected[32], got[32];

    story_moment_text(expected_ms, expected);
    story_moment_text(got_ms, got);
    return expected_ms == got_ms || story_fail(story, "expected %s %s, got %s", what, expected, got);
}

static const char *debtor_in(const struct story_words *words, size_t at)
{
    for (; at + 1 < words->count; at++)
        if (strcmp(words->word[at], "BY") == 0)
            return words->word[at + 1];
    return NULL;
}

/* "DUE 2027-01-19 NORM 2027-01-19 BY noordrand/angst REMINDED INCOMPLETE OVERDUE", in any order. */
static bool expect_of_row(struct story *story, const struct story_words *words, size_t at,
                          const struct sch_unanswered_row *row)
{
    int64_t ms;

    while (at < words->count) {
        const char *word = words->word[at++];

        if (strcmp(word, "DUE") == 0 || strcmp(word, "NORM") == 0 || strcmp(word, "SNOOZED") == 0) {
            int64_t got_ms = word[0] == 'D'   ? row->due_ms
                             : word[0] == 'N' ? row->norm_due_ms
                                              : row->snoozed_ms;

            if (!story_moment(story, words, &at, &ms) || !same_moment(story, word, ms, got_ms))
                return false;
        } else if (strcmp(word, "SILENCE") == 0 && at < words->count) {
            const char *silence = sch_code_name(SCH_SET_SILENCE, row->silence);

            if (strcmp(silence, words->word[at++]) != 0)
                return story_fail(story, "expected the silence %s, got %s", words->word[at - 1], silence);
        } else if (strcmp(word, "BY") == 0 && at < words->count) {
            if (strcmp(story_address_text(row->debtor.text), words->word[at]) != 0)
                return story_fail(story, "expected it owed by %s, got %s", words->word[at],
                                  story_address_text(row->debtor.text));
            at++;
        } else if (strcmp(word, sch_code_name(SCH_SET_STEP, row->step)) != 0 &&
                   strcmp(word, sch_code_name(SCH_SET_STANDING, row->standing)) != 0) {
            return story_fail(story, "expected %s, got %s, step %s", word,
                              sch_code_name(SCH_SET_STANDING, row->standing),
                              row->step == SCH_STEP_NONE ? "none" : sch_code_name(SCH_SET_STEP, row->step));
        }
    }
    return true;
}

static bool expect_open(struct story *story, const struct story_words *words,
                        const struct story_message *message,
                        size_t at, bool open)
{
    const struct sch_unanswered_row *row;
    unsigned number = 0;

    if (at >= words->count || sscanf(words->word[at], "E%u", &number) != 1)
        return story_fail(story, "which promise?");
    if (!ask_creditor(story, message, SCH_QUERY_UNANSWERED))
        return false;
    row = open_row(message, number, debtor_in(words, at));
    if (row == NULL || !open)
        return (row == NULL) == !open || story_fail(story, "expected E%u of %s %s, got the opposite", number,
                                                    message->name, open ? "owed" : "not owed");
    return expect_of_row(story, words, at + 1, row);
}

/* "ALERT E2 OVERDUE [AT moment]": exactly one; "NO ALERT E2 [OVERDUE]": none; "2 ALERTS E2 OVERDUE": so many.
 */
static bool expect_alert(struct story *story, const struct story_words *words,
                         const struct story_message *message,
                         size_t at, size_t wanted)
{
    const struct sch_trace_row *last = NULL;
    unsigned number = 0;
    size_t count = 0;
    int64_t step = 0, ms;

    if (at >= words->count || sscanf(words->word[at++], "E%u", &number) != 1)
        return story_fail(story, "an alert of which promise?");
    if (at < words->count && !story_code(story, SCH_SET_STEP, words->word[at++], &step))
        return false;
    if (!ask_creditor(story, message, SCH_QUERY_TRACE))
        return false;
    for (size_t i = 0; i < rows.trace_count; i++) {
        const struct sch_trace_row *row = &rows.trace[i];

        if (row->event == SCH_TRACE_ALERTED && row->expectation == number && (step == 0 ||
                                                                              (int64_t)row->step == step)) {
            last = row;
            count++;
        }
    }
    if (count != wanted)
        return story_fail(story, "expected %zu alerts of E%u, got %zu", wanted, number, count);
    if (last == NULL || !story_is(words, at, "AT"))
        return true;
    at++;
    return story_moment(story, words, &at, &ms) && same_moment(story, "the alert at", ms, last->at_ms);
}

/* ---- traces ------------------------------------------------------------------------------------- */

static bool is_end(const char *line)
{
    return strcmp(line, "END") == 0;
}

/* Replaces the lines of a trace in the story, from story->at + 1 to END, by what the broker answered. */
static void rewrite(struct story *story, char lines[][STORY_TEXT_MAX], size_t count)
{
    size_t first = story->at + 1, end = first;
    size_t tail;

    while (end < story->line_count && !is_end(story->line[end]))
        free(story->line[end++]);
    tail = story->line_count - end;
    memmove(&story->line[first + count], &story->line[end], tail * sizeof story->line[0]);
    for (size_t i = 0; i < count; i++) {
        char *line = calloc(1, STORY_TEXT_MAX + 4);

        assert(line != NULL);
        memset(line, ' ', 4);
        memcpy(line + 4, lines[i], strlen(lines[i]));
        story->line[first + i] = line;
    }
    story->line_count = first + count + tail;
    story->updated = true;
}

static const char *text_of(const char *line)
{
    return line + strspn(line, " ");
}

static bool compare(struct story *story, char lines[][STORY_TEXT_MAX], size_t count)
{
    size_t i = 0;

    for (story->at++; story->at < story->line_count && !is_end(story->line[story->at]); story->at++, i++) {
        const char *expected = text_of(story->line[story->at]);

        if (i >= count || strcmp(expected, lines[i]) != 0)
            return story_fail(story, "expected \"%s\", got \"%s\"", expected, i < count ?
                              lines[i] : "nothing more");
    }
    return i == count || story_fail(story, "expected nothing more, got \"%s\"", lines[i]);
}

static bool expect_trace(struct story *story, const struct story_words *words)
{
    static char lines[2048][STORY_TEXT_MAX];
    const struct story_message *message = words->count > 2 ? story_message(story, words->word[2]) : NULL;
    const char *viewer;
    size_t count = 0, end = story->at + 1;

    if (message == NULL)
        return false;
    viewer = story_is(words, 3, "SEEN") && words->count > 5 ? words->word[5] : creditor_of(message);
    if (!ask(story, viewer, SCH_QUERY_TRACE, &message->message.header.id))
        return false;
    for (size_t i = 0; i < rows.trace_count; i++)
        count += story_trace_line(story, &rows.trace[i], lines[count]);
    while (end < story->line_count && !is_end(story->line[end]))
        end++;
    if (end == story->line_count)
        return story_fail(story, "a trace ends with a line END");
    if (story->update)
        rewrite(story, lines, count);
    return compare(story, lines, count);
}

/* ---- mailboxes and sight ------------------------------------------------------------------------ */

/* "EXPECT linde WAITING REMINDER acceptance" or "… WAITING NOTHING": all that waits, in order. */
static bool expect_waiting(struct story *story, const struct story_words *words)
{
    size_t wanted = story_is(words, 3, "NOTHING") ? 0 : words->count - 3;

    if (!ask(story, words->word[1], SCH_QUERY_MAILBOX, NULL))
        return false;
    for (size_t i = 0; i < rows.mailbox_count || i < wanted; i++) {
        const struct story_message *message =
            i < rows.mailbox_count ? story_message_of(story, &rows.mailbox[i].message) : NULL;
        const char *got = i >= rows.mailbox_count ? "nothing"
                          : message != NULL       ? message->name
                                                  : sch_code_name(SCH_SET_KIND, rows.mailbox[i].kind);
        const char *expected = i < wanted ? words->word[3 + i] : "nothing";

        if (strcmp(got, expected) != 0)
            return story_fail(story, "expected %s to find %s, got %s", words->word[1], expected, got);
    }
    return true;
}

static bool sees_what(struct story *story, const struct story_words *words, size_t at)
{
    for (; at + 1 < words->count; at += 2) {
        const char *what = words->word[at], *expected = words->word[at + 1], *got = "?";

        if (strcmp(what, "PHASE") == 0)
            got = sch_code_name(SCH_SET_PHASE, rows.dossier.phase);
        else if (strcmp(what, "RECEIVER") == 0)
            got = story_address_text(rows.dossier.receiver.text);
        else if (strcmp(what, "REFERRER") == 0)
            got = story_address_text(rows.dossier.referrer.text);
        else
            return story_fail(story, "\"%s\" cannot be seen", what);
        if (strcmp(got, expected) != 0)
            return story_fail(story, "expected to see %s %s, got %s", what, expected, got);
    }
    return true;
}

bool story_sees(struct story *story, const struct story_words *words)
{
    bool sees = story_is(words, 1, "SEES");
    size_t at = sees ? 2 : 4;
    const struct story_message *message = words->count > at ? story_message(story, words->word[at]) : NULL;

    if (message == NULL || !ask(story, words->word[0], SCH_QUERY_DOSSIER, &message->message.header.id))
        return message == NULL ? story_fail(story, "sees what?") : false;
    if (sees != (rows.code == SCH_OK))
        return story_fail(story, "expected %s to see %s, got %s", words->word[0], sees ? "it" : "nothing",
                          rows.code == SCH_OK ? "it" : sch_error_name(rows.code));
    if (!sees && rows.code != SCH_E_UNKNOWN_DOSSIER)
        return story_fail(story, "expected UNKNOWN_DOSSIER, got %s", sch_error_name(rows.code));
    return !sees || sees_what(story, words, at + 1);
}

bool story_expect(struct story *story, const struct story_words *words)
{
    const struct story_message *message;

    if (story_is(words, 1, "REJECTED"))
        return expect_rejected(story, words);
    if (story_is(words, 1, "DUPLICATE") || story_is(words, 1, "WARNING"))
        return expect_receipt(story, words);
    if (story_is(words, 1, "TRACE"))
        return expect_trace(story, words);
    if (words->count < 4 && !story_is(words, 2, "BREACH"))
        return story_fail(story, "expect what?");
    if (story_is(words, 2, "WAITING"))
        return expect_waiting(story, words);
    message = story_message(story, words->word[1]);
    if (message == NULL)
        return false;
    if (story_is(words, 2, "CHAIN"))
        return expect_chain(story, words, message);
    if (story_is(words, 2, "BREACH") || story_is(words, 2, "REFUSALS") ||
        (story_is(words, 2, "NO") && story_is(words, 3, "BREACH")))
        return expect_of_dossier(story, words, message);
    if (story_is(words, 2, "PHASE"))
        return expect_phase(story, message, words->word[3]);
    if (story_is(words, 2, "OPEN"))
        return expect_open(story, words, message, 3, true);
    if (story_is(words, 2, "ALERT"))
        return expect_alert(story, words, message, 3, 1);
    if (story_is(words, 2, "NO") && story_is(words, 3, "ALERT"))
        return expect_alert(story, words, message, 4, 0);
    if (story_is(words, 3, "ALERTS"))
        return expect_alert(story, words, message, 4, strtoul(words->word[2], NULL, 10));
    if (story_is(words, 2, "NOT") && story_is(words, 3, "OPEN"))
        return expect_open(story, words, message, 4, false);
    return story_fail(story, "\"%s\" cannot be expected", words->word[2]);
}
