/*
 * step.c: the one door of the core: the table of the state machine, and the order of one step.
 *
 * A cell of the table says what an event does in a phase: a rejection, or a handler with what people read
 * about it: the phase that may follow, "accept" when the phase stays, "replay" when it becomes what the other
 * messages prove.
 */
#include "step.h"

#include <assert.h>
#include <string.h>

#include "act.h"
#include "admit.h"
#include "answer.h"
#include "chain.h"
#include "correction.h"
#include "feedback.h"
#include "kind.h"
#include "ladder.h"
#include "ledger.h"
#include "letter.h"
#include "mailbox.h"
#include "opening.h"
#include "post.h"
#include "promise.h"
#include "question.h"
#include "refusal.h"
#include "route.h"

/* The sum of step.h's argument, term by term. */
static_assert(6 * SCH_PARTY_DELIVERIES_MAX + (SCH_DELIVERIES_MAX - SCH_PARTY_DELIVERIES_MAX) +
                      4 * (SCH_OWED_MAX + SCH_KEPT_MAX) + 2 * SCH_PARTY_DELIVERIES_MAX + 16 <=
                  SCH_EFFECTS_MAX,
              "the widest step has room for its effects");

struct cell {
    int code;                           /* SCH_OK, or the rejection */
    sch_handler *handler;
    const char *label;                  /* for people; never NULL: every cell is filled */
};

#define NO(CODE) { SCH_E_##CODE, NULL, "reject " #CODE }
#define ON(HANDLER) { SCH_OK, sch_##HANDLER, "accept" }
#define TO(PHASE, HANDLER) { SCH_OK, sch_##HANDLER, #PHASE }
#define KEEP ON(feedback_keep)
#define PAST ON(feedback_late)
#define LATE NO(NOT_NOW)
#define NONE NO(UNKNOWN_DOSSIER)
#define USED NO(ID_IN_USE)
#define VAIN NO(NOTHING_OPEN)

/* A whole row of one answer. */
#define ALL(X) { X, X, X, X, X, X, X, X, X, X, X, X, X, X, X }
/* A row of one answer in every dossier that there is, and another where there is none. */
#define SAME(FIRST, X) { FIRST, X, X, X, X, X, X, X, X, X, X, X, X, X, X }

#define ACCEPTED_BY TO(ACCEPTED, feedback_acceptance)
#define REFUSED_BY TO(REFUSED, refusal_refuse)
#define REDIRECTED_BY TO(REDIRECTED, refusal_redirect)
#define PLANNED_BY TO(INTAKE_PLANNED, feedback_appointment)
#define MISSED_BY TO(INTAKE_PLANNED, feedback_no_show)
#define HELD_BY TO(INTAKE_DONE, letter_intake_report)
#define HELD_LATER_BY TO(ENDED, letter_intake_report)
#define STARTED_BY TO(IN_TREATMENT, feedback_treatment_start)
#define WAITS_BY ON(feedback_wait_status)
#define REPORTED_BY TO(IN_TREATMENT, letter_progress)
#define ENDED_BY TO(ENDED, feedback_treatment_end)
#define WRITTEN_BY TO(ENDED, letter_final)
#define SENT_BACK_BY TO(BACK_REFERRED, refusal_refer_back)
#define WITHHELD_BY ON(letter_no_report)
#define LETTER ON(letter_late)
#define LAST TO(CLOSED, letter_late)
#define TAKEN_BY ON(answer_taken_up)
#define WITHDRAWN_BY TO(WITHDRAWN, answer_withdrawal)
#define WAIVED_BY ON(ledger_waive)
#define CLAIMED ON(letter_incomplete)
#define UNDONE { SCH_OK, sch_correction_correct, "replay" }

/* What a letter does that ends the dossier, whichever it is. */
#define FINAL { \
        NONE, WRITTEN_BY, WRITTEN_BY, WRITTEN_BY, WRITTEN_BY, \
        WRITTEN_BY, WRITTEN_BY, TO(CLOSED, letter_final), LETTER, \
        WRITTEN_BY, WRITTEN_BY, LETTER, LETTER, WRITTEN_BY, KEEP }

/*
 * Columns, per row: NONE; SENT, ACCEPTED, INTAKE_PLANNED, INTAKE_PRESUMED; INTAKE_DONE, IN_TREATMENT,
 * ENDED, CLOSED; REFUSED, REDIRECTED, BACK_REFERRED, WITHDRAWN, UNDELIVERED, ENTERED_IN_ERROR.
 */
static const struct cell submit[SCH_KIND_COUNT][SCH_PHASE_COUNT] = {
    [SCH_KIND_UNSPECIFIED] = ALL(NO(FIELD_MISSING)),
    [SCH_KIND_REFERRAL] = SAME(TO(SENT, opening_request), USED),
    [SCH_KIND_ACCEPTANCE] = {
        NONE, ACCEPTED_BY, ON(feedback_acceptance), ON(feedback_acceptance), ON(feedback_acceptance),
        PAST, PAST, PAST, PAST,
        ACCEPTED_BY, ACCEPTED_BY, ACCEPTED_BY, PAST, ACCEPTED_BY, KEEP },
    [SCH_KIND_REFUSAL] = {
        NONE, REFUSED_BY, REFUSED_BY, REFUSED_BY, REFUSED_BY,
        LATE, LATE, LATE, LATE,
        PAST, PAST, TO(IN_TREATMENT, refusal_of_back_referral), PAST, PAST, KEEP },
    [SCH_KIND_REDIRECTION] = {
        NONE, REDIRECTED_BY, REDIRECTED_BY, REDIRECTED_BY, REDIRECTED_BY,
        LATE, LATE, LATE, LATE,
        PAST, PAST, PAST, PAST, PAST, KEEP },
    [SCH_KIND_INFORMATION_REQUEST] = SAME(NONE, ON(question_ask)),
    [SCH_KIND_INFORMATION_REPLY] = SAME(NONE, ON(question_reply)),
    [SCH_KIND_APPOINTMENT] = {
        NONE, PLANNED_BY, PLANNED_BY, ON(feedback_appointment), PLANNED_BY,
        PAST, PAST, PAST, PAST,
        PLANNED_BY, PLANNED_BY, PLANNED_BY, PAST, PLANNED_BY, KEEP },
    [SCH_KIND_NO_SHOW] = {
        NONE, MISSED_BY, MISSED_BY, ON(feedback_no_show), MISSED_BY,
        PAST, PAST, PAST, PAST,
        MISSED_BY, MISSED_BY, MISSED_BY, PAST, MISSED_BY, KEEP },
    /* What comes after a BACK_REFERRAL about the time before it takes nothing back. */
    [SCH_KIND_INTAKE_REPORT] = {
        NONE, HELD_BY, HELD_BY, HELD_BY, HELD_BY,
        HELD_LATER_BY, HELD_LATER_BY, TO(CLOSED, letter_intake_report), LETTER,
        HELD_BY, HELD_BY, LETTER, LETTER, HELD_BY, KEEP },
    [SCH_KIND_TREATMENT_START] = {
        NONE, STARTED_BY, STARTED_BY, STARTED_BY, STARTED_BY,
        STARTED_BY, ON(feedback_treatment_start), PAST, PAST,
        STARTED_BY, STARTED_BY, STARTED_BY, PAST, STARTED_BY, KEEP },
    [SCH_KIND_WAIT_STATUS] = {
        NONE, WAITS_BY, WAITS_BY, WAITS_BY, WAITS_BY,
        WAITS_BY, WAITS_BY, KEEP, KEEP,
        KEEP, KEEP, KEEP, KEEP, KEEP, KEEP },
    [SCH_KIND_CHANGE_NOTICE] = SAME(NONE, KEEP),
    [SCH_KIND_PROGRESS_LETTER] = {
        NONE, REPORTED_BY, REPORTED_BY, REPORTED_BY, REPORTED_BY,
        REPORTED_BY, ON(letter_progress), LAST, LETTER,
        REPORTED_BY, REPORTED_BY, REPORTED_BY, LETTER, REPORTED_BY, KEEP },
    [SCH_KIND_TRANSFER_NOTICE] = SAME(NONE, KEEP),
    [SCH_KIND_TREATMENT_END] = {
        NONE, ENDED_BY, ENDED_BY, ENDED_BY, ENDED_BY,
        ENDED_BY, ENDED_BY, ON(feedback_treatment_end), PAST,
        ENDED_BY, ENDED_BY, PAST, PAST, ENDED_BY, KEEP },
    [SCH_KIND_DISCHARGE_LETTER] = FINAL,
    [SCH_KIND_BACK_REFERRAL] = {
        NONE, SENT_BACK_BY, SENT_BACK_BY, SENT_BACK_BY, SENT_BACK_BY,
        SENT_BACK_BY, SENT_BACK_BY, SENT_BACK_BY, LETTER,
        SENT_BACK_BY, SENT_BACK_BY, LETTER, LETTER, SENT_BACK_BY, KEEP },
    [SCH_KIND_NO_REPORT] = {
        NONE, WITHHELD_BY, WITHHELD_BY, WITHHELD_BY, WITHHELD_BY,
        WITHHELD_BY, WITHHELD_BY, TO(CLOSED, letter_no_report), WITHHELD_BY,
        WITHHELD_BY, WITHHELD_BY, WITHHELD_BY, WITHHELD_BY, WITHHELD_BY, KEEP },
    [SCH_KIND_LETTER_INCOMPLETE] = {
        NONE, CLAIMED, CLAIMED, CLAIMED, CLAIMED,
        CLAIMED, CLAIMED, CLAIMED, TO(ENDED, letter_incomplete),
        CLAIMED, CLAIMED, CLAIMED, CLAIMED, CLAIMED, LATE },
    [SCH_KIND_TAKEN_UP] = {
        NONE, VAIN, VAIN, VAIN, VAIN,
        VAIN, VAIN, TAKEN_BY, TAKEN_BY,
        TAKEN_BY, TAKEN_BY, TAKEN_BY, VAIN, TAKEN_BY, VAIN },
    [SCH_KIND_WITHDRAWAL] = {
        NONE, WITHDRAWN_BY, WITHDRAWN_BY, WITHDRAWN_BY, WITHDRAWN_BY,
        LATE, LATE, LATE, LATE,
        LATE, LATE, LATE, LATE, LATE, LATE },
    [SCH_KIND_CORRECTION] = SAME(NONE, UNDONE),
    [SCH_KIND_CONSULT_REQUEST] = SAME(TO(SENT, opening_request), USED),
    [SCH_KIND_CONSULT_REPLY] = FINAL,
    [SCH_KIND_EXPLORATION_REQUEST] = SAME(TO(SENT, opening_request), USED),
    [SCH_KIND_EXPLORATION_ADVICE] = FINAL,
    [SCH_KIND_TEAM_RESULT] = FINAL,
    [SCH_KIND_CARE_NOTICE] = SAME(TO(IN_TREATMENT, opening_care), USED),
    [SCH_KIND_INVOLVEMENT_NOTICE] = SAME(TO(CLOSED, opening_involvement), USED),
    [SCH_KIND_REMINDER] = SAME(NONE, ON(ledger_remind)),
    [SCH_KIND_DELIVERY_REPORT] = ALL(NO(NOT_ALLOWED)),
    [SCH_KIND_NOTE] = SAME(NONE, KEEP),
    [SCH_KIND_SNOOZE] = SAME(NONE, ON(ledger_snooze)),
    [SCH_KIND_WAIVER] = {
        NONE, WAIVED_BY, WAIVED_BY, WAIVED_BY, WAIVED_BY,
        WAIVED_BY, WAIVED_BY, TO(CLOSED, ledger_waive), WAIVED_BY,
        WAIVED_BY, WAIVED_BY, WAIVED_BY, WAIVED_BY, WAIVED_BY, WAIVED_BY },
};

#define IDLE ON(feedback_keep)
#define COLLECT ON(mailbox_collect)
#define REFUSE ON(mailbox_refuse)
#define EXHAUST ON(mailbox_exhaust)
#define DUE ON(ladder_due)
#define GONE TO(NONE, ladder_due)
#define SIBLING ON(chain_sibling)

static const struct cell other[SCH_EVENT_TYPE_COUNT][SCH_PHASE_COUNT] = {
    [SCH_EVENT_SUBMIT] = ALL(NO(FIELD_MISSING)),
    [SCH_EVENT_COLLECT] = {
        NO(UNKNOWN_MESSAGE), COLLECT, COLLECT, COLLECT, COLLECT,
        COLLECT, COLLECT, COLLECT, TO(ENDED, mailbox_collect),
        COLLECT, COLLECT, COLLECT, COLLECT, COLLECT, COLLECT },
    [SCH_EVENT_REFUSE] = {
        NO(UNKNOWN_MESSAGE), TO(UNDELIVERED, mailbox_refuse), REFUSE, REFUSE, REFUSE,
        REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE },
    [SCH_EVENT_EXHAUST] = {
        NO(UNKNOWN_MESSAGE), TO(UNDELIVERED, mailbox_exhaust), EXHAUST, EXHAUST, EXHAUST,
        EXHAUST, EXHAUST, EXHAUST, EXHAUST, EXHAUST, EXHAUST, EXHAUST, EXHAUST, EXHAUST, EXHAUST },
    [SCH_EVENT_DUE] = {
        IDLE, TO(UNDELIVERED, ladder_due), DUE, TO(INTAKE_PRESUMED, ladder_due), DUE,
        DUE, DUE, DUE, GONE, GONE, GONE, GONE, GONE, GONE, GONE },
    [SCH_EVENT_FOLLOW] = SAME(IDLE, ON(chain_follow)),
    [SCH_EVENT_FORWARD] = SAME(IDLE, ON(chain_forward)),
    [SCH_EVENT_SIBLING] = {
        IDLE, SIBLING, SIBLING, SIBLING, IDLE,
        IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE },
};

static const struct cell *cell_of(enum sch_phase phase, enum sch_event_type type, enum sch_kind kind)
{
    assert((unsigned)phase < SCH_PHASE_COUNT && type >= SCH_EVENT_SUBMIT && type < SCH_EVENT_TYPE_COUNT);
    assert((unsigned)kind < SCH_KIND_COUNT);
    return type == SCH_EVENT_SUBMIT ? &submit[kind][phase] : &other[type][phase];
}

const char *sch_step_cell(enum sch_phase phase, enum sch_event_type type, enum sch_kind kind)
{
    return cell_of(phase, type, kind)->label;
}

/* The low bytes of a number, the highest of them first. */
static void put(uint8_t *to, size_t size, uint64_t value)
{
    while (size > 0) {
        to[--size] = (uint8_t)value;
        value >>= 8;
    }
}

struct sch_id sch_step_made_id(int64_t now_ms, uint64_t sequence)
{
    struct sch_id id;
    assert(now_ms >= 0 && sequence >> 62 == 0);
    /* Version 7 and the RFC 9562 variant; the other bits that a client draws at random are the sequence. */
    put(id.bytes, 6, (uint64_t)now_ms);
    put(id.bytes + 6, 2, 0x7000);
    put(id.bytes + 8, 8, sequence | UINT64_C(1) << 63);
    return id;
}

static int reject(struct sch_act *act, int code, const char *field)
{
    const struct sch_event *event = act->event;
    struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_REJECT);
    effect->message = event->type == SCH_EVENT_SUBMIT ? event->header->id : event->message;
    effect->code = code;
    effect->field = field;
    return code;
}

/* Rejections of a kind come before all else: what is no kind has no rules to be checked by. */
static int check_kind(const struct sch_header *header, const char **field)
{
    *field = "header.kind";
    if (header->kind == SCH_KIND_UNSPECIFIED) {
        return SCH_E_FIELD_MISSING;
    }
    if ((unsigned)header->kind >= SCH_KIND_COUNT) {
        return SCH_E_FIELD_INVALID;
    }
    return sch_kind_rule(header->kind)->direction == SCH_DIRECTION_BROKER ? SCH_E_NOT_ALLOWED : SCH_OK;
}

static bool opens(enum sch_kind kind)
{
    return sch_kind_rule(kind)->direction == SCH_DIRECTION_OPENS;
}

static void close(struct sch_act *act)
{
    sch_promise_trim(act->dossier);
    sch_act_close(act);
}

static void perform_submit(struct sch_act *act, const struct cell *cell)
{
    const struct sch_header *header = act->event->header;
    uint8_t member[SCH_RECIPIENTS_MAX];
    if (opens(header->kind)) {
        sch_opening_init(act);
    }
    uint64_t sequence = act->sequence++;
    sch_act_add(act, SCH_EFFECT_STORE)->sequence = sequence;
    enum sch_direction direction = sch_route_direction(act->dossier, header->kind, header->sender.text,
                                                       &act->event->subject);
    size_t count = sch_route_recipients(act->dossier, direction, header->sender.text, member);
    sch_post_deliver(act, sequence, member, count);
    cell->handler(act);
    act->dossier->changed_ms = act->world->now_ms;
    close(act);
    struct sch_effect *receipt = sch_act_add(act, SCH_EFFECT_RECEIPT);
    receipt->sequence = sequence;
    receipt->warnings = act->warnings;
}

static int step_submit(struct sch_act *act)
{
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    const char *field = NULL;
    assert(header != NULL);
    int code = check_kind(header, &field);
    if (code != SCH_OK) {
        return reject(act, code, field);
    }
    if (event->id_in_use) {
        return reject(act, SCH_E_ID_IN_USE, "header.id");
    }
    code = sch_admit_check(act, &field);
    if (code != SCH_OK) {
        return reject(act, code, field);
    }
    const struct cell *cell = cell_of(act->dossier->phase, SCH_EVENT_SUBMIT, header->kind);
    if (cell->code != SCH_OK) {
        return reject(act, cell->code, opens(header->kind) ? "header.id" : "header.kind");
    }
    code = sch_admit_check_room(act, &field);
    if (code != SCH_OK) {
        return reject(act, code, field);
    }
    perform_submit(act, cell);
    return SCH_OK;
}

static bool is_settlement(enum sch_event_type type)
{
    return type == SCH_EVENT_COLLECT || type == SCH_EVENT_REFUSE || type == SCH_EVENT_EXHAUST;
}

int sch_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
             struct sch_effects *effects)
{
    struct sch_act act;
    sch_act_init(&act, world, dossier, event, effects);
    if (event->type == SCH_EVENT_SUBMIT) {
        return step_submit(&act);
    }
    const struct cell *cell = cell_of(dossier->phase, event->type, SCH_KIND_UNSPECIFIED);
    if (cell->code != SCH_OK) {
        return reject(&act, cell->code, "message_id");
    }
    /* A mailbox that has no part in the dossier learns nothing about it. */
    if (is_settlement(event->type) &&
        sch_dossier_member(dossier, event->mailbox.text) == SCH_MEMBER_NONE) {
        return reject(&act, SCH_E_UNKNOWN_MESSAGE, "message_id");
    }
    cell->handler(&act);
    close(&act);
    /* A settlement that only repeats, or a DUE with nothing due, is no change. */
    bool only_answer = effects->count == 1 && effects->effect[0].type == SCH_EFFECT_SETTLED;
    if (effects->count > 0 && !only_answer) {
        dossier->changed_ms = world->now_ms;
    }
    return SCH_OK;
}
