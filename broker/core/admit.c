/*
 * admit.c: the checks of a SUBMIT, one function a subject, in their fixed order.
 *
 * The order decides what a stranger can learn: an unknown dossier and somebody else's get the same answer
 * before anything about the dossier is looked at.
 */
#include "admit.h"

#include <assert.h>

#include "chain.h"
#include "correction.h"
#include "delivery.h"
#include "ledger.h"
#include "opening.h"
#include "permit.h"
#include "promise.h"
#include "question.h"
#include "route.h"
#include "value.h"

/* Dates further away than this from receipt are mistakes: two years. */
#define DATE_REACH_DAYS 731

/* What one message can open at most beside E1: on reopening E4 and E7, and E6 or E9 and E10. */
#define PROMISES_PER_MESSAGE_MAX 4

static int check_id(const struct sch_act *act, const char **field)
{
    int64_t now_ms = act->world->now_ms;
    int64_t id_ms = sch_value_id_ms(&act->event->header->id);
    if (id_ms < now_ms - SCH_ID_AGE_MAX_MS || id_ms > now_ms + SCH_ID_AHEAD_MAX_MS) {
        return sch_kind_fault(SCH_E_TOO_OLD, "header.id", field);
    }
    return SCH_OK;
}

/* Does this kind state what lies ahead, or what the term of a promise counts from without a dossier to
 * compare? Other event dates are clamped, not refused. */
static bool is_date_checked(enum sch_kind kind)
{
    return kind == SCH_KIND_APPOINTMENT || kind == SCH_KIND_CARE_NOTICE;
}

static bool is_far(int32_t day, int32_t today)
{
    return day < today - DATE_REACH_DAYS || day > today + DATE_REACH_DAYS;
}

/* Dates that need to know what day it is. */
static int check_dates(const struct sch_act *act, const char **field)
{
    const struct sch_header *header = act->event->header;
    int32_t today = sch_day_of_ms(act->world->now_ms);
    int32_t day;
    if (sch_day_from_date(header->fact[SCH_FACT_LETTER_DATE], &day) && day > today + 1) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.letter_date", field);
    }
    if (header->fact[SCH_FACT_PHONED_AT] > act->world->now_ms + SCH_ID_AHEAD_MAX_MS) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.phoned_at", field);
    }
    if (is_date_checked(header->kind) && is_far(sch_evidence_stated_day(act, SCH_FACT_EVENT_DATE), today)) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.event_date", field);
    }
    if (sch_day_from_date(header->fact[SCH_FACT_EXPECTED_DATE], &day) && is_far(day, today)) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.expected_date", field);
    }
    if (sch_day_from_date(header->fact[SCH_FACT_UNTIL], &day) &&
        (day < today || day > today + SCH_SNOOZE_DAYS_MAX)) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.until", field);
    }
    return SCH_OK;
}

static int check_parties(const struct sch_act *act, const char **field)
{
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    if (event->sender == NULL) {
        return sch_kind_fault(SCH_E_NOT_YOURS, "header.sender", field);
    }
    if (header->receiver.text[0] != '\0' && event->receiver == NULL) {
        return sch_kind_fault(SCH_E_UNKNOWN_RECEIVER, "header.receiver", field);
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        if (event->copy[i] == NULL) {
            return sch_kind_fault(SCH_E_UNKNOWN_RECEIVER, "header.copies", field);
        }
    }
    if (header->creditor.text[0] != '\0' && event->creditor == NULL) {
        return sch_kind_fault(SCH_E_UNKNOWN_RECEIVER, "header.creditor", field);
    }
    return SCH_OK;
}

static bool is_coordinator_of(const struct sch_dossier *dossier, const struct sch_party *party)
{
    return party->kind == SCH_PARTY_COORDINATOR &&
           (sch_value_same_text(dossier->member[SCH_MEMBER_REFERRER].region, party->region) ||
            sch_value_same_text(dossier->member[SCH_MEMBER_RECEIVER].region, party->region));
}

static int check_dossier(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_party *sender = act->event->sender;
    if (dossier->phase == SCH_PHASE_NONE ||
        (sch_dossier_member(dossier, sender->address.text) == SCH_MEMBER_NONE &&
         !is_coordinator_of(dossier, sender))) {
        return sch_kind_fault(SCH_E_UNKNOWN_DOSSIER, "header.dossier", field);
    }
    return SCH_OK;
}

static bool is_ggz(enum sch_party_kind kind)
{
    return kind == SCH_PARTY_GB_GGZ || kind == SCH_PARTY_S_GGZ;
}

static bool is_primary_care(enum sch_party_kind kind)
{
    return kind == SCH_PARTY_GP_PRACTICE || kind == SCH_PARTY_POH_GGZ || kind == SCH_PARTY_OUT_OF_HOURS;
}

static int check_permit(const struct sch_act *act, const char **field)
{
    const struct sch_event *event = act->event;
    enum sch_kind kind = event->header->kind;
    enum sch_party_kind to = SCH_PARTY_UNSPECIFIED;
    if (event->header->receiver.text[0] != '\0') {
        to = event->receiver->kind;
    }
    if (!sch_permit_allows(act->world->permits, event->sender->kind, kind, to)) {
        return sch_kind_fault(SCH_E_NOT_ALLOWED, "header.kind", field);
    }
    if (kind == SCH_KIND_REFERRAL && is_ggz(to) && is_primary_care(event->sender->kind) && !event->gp_key) {
        return sch_kind_fault(SCH_E_GP_KEY_NEEDED, "seal.signing_key", field);
    }
    return SCH_OK;
}

static bool opens(const struct sch_act *act)
{
    return sch_kind_rule(act->event->header->kind)->direction == SCH_DIRECTION_OPENS;
}

/* The kinds that belong to one sort of dossier only. */
static int check_fit(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    bool fits = true;
    switch (act->event->header->kind) {
    case SCH_KIND_CONSULT_REPLY:
        fits = dossier->kind == SCH_KIND_CONSULT_REQUEST;
        break;
    case SCH_KIND_EXPLORATION_ADVICE:
        fits = dossier->kind == SCH_KIND_EXPLORATION_REQUEST;
        break;
    case SCH_KIND_TEAM_RESULT:
        fits = dossier->kind == SCH_KIND_REFERRAL && dossier->echelon == SCH_PARTY_WIJKTEAM;
        break;
    default:
        break;
    }
    return fits ? SCH_OK : sch_kind_fault(SCH_E_NOT_NOW, "header.kind", field);
}

static bool is_of_this_dossier(const struct sch_act *act)
{
    const struct sch_subject *subject = &act->event->subject;
    return subject->known && sch_value_same_id(&subject->dossier, &act->event->header->dossier);
}

/* A letter of the receiver that has required sections, and sections that such a letter may have. */
static int check_incomplete(const struct sch_act *act, const char **field)
{
    const struct sch_subject *subject = &act->event->subject;
    if (!is_of_this_dossier(act) ||
        !sch_dossier_is(act->dossier, SCH_MEMBER_RECEIVER, subject->sender.text) ||
        act->world->norms->required[subject->kind].sections == 0) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.subject", field);
    }
    uint32_t missing = (uint32_t)act->event->header->fact[SCH_FACT_MISSING_SECTIONS];
    return (missing & ~sch_kind_rule(subject->kind)->sections) == 0
               ? SCH_OK
               : sch_kind_fault(SCH_E_FIELD_INVALID, "header.missing_sections", field);
}

/* The message that this one is about. */
static int check_subject(const struct sch_act *act, const char **field)
{
    switch (act->event->header->kind) {
    case SCH_KIND_CORRECTION:
        return sch_correction_check(act, field);
    case SCH_KIND_LETTER_INCOMPLETE:
        return check_incomplete(act, field);
    case SCH_KIND_INFORMATION_REPLY:
        if (sch_value_is_id(&act->event->header->subject) &&
            (!is_of_this_dossier(act) || act->event->subject.kind != SCH_KIND_INFORMATION_REQUEST)) {
            return sch_kind_fault(SCH_E_FIELD_INVALID, "header.subject", field);
        }
        return SCH_OK;
    default:
        return SCH_OK;
    }
}

static enum sch_direction direction_of(const struct sch_act *act)
{
    const struct sch_header *header = act->event->header;
    return sch_route_direction(act->dossier, header->kind, header->sender.text, &act->event->subject);
}

static int check_role(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_party *sender = act->event->sender;
    const char *address = sender->address.text;
    bool is_creditor = sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, address);
    enum sch_direction direction = sch_kind_rule(act->event->header->kind)->direction;
    bool may;
    switch (direction) {
    case SCH_DIRECTION_FEEDBACK:
    case SCH_DIRECTION_RESULT:
        may = sch_dossier_is(dossier, SCH_MEMBER_RECEIVER, address) ||
              direction_of(act) == SCH_DIRECTION_ANSWER;
        break;
    case SCH_DIRECTION_ONWARD:
        may = sch_dossier_is(dossier, SCH_MEMBER_REFERRER, address);
        break;
    case SCH_DIRECTION_ANSWER:
        /* E10 may be owed by the referrer (UNDELIVERED); who owes it may say that the patient is taken up. */
        may = is_creditor || (act->event->header->kind == SCH_KIND_TAKEN_UP &&
                              sch_chain_owes_care(dossier, address));
        break;
    case SCH_DIRECTION_LEDGER:
        may = is_creditor || is_coordinator_of(dossier, sender);
        break;
    default:
        assert(direction == SCH_DIRECTION_BOTH || direction == SCH_DIRECTION_SAME);
        may = sch_dossier_member(dossier, address) != SCH_MEMBER_NONE;
        break;
    }
    return may ? SCH_OK : sch_kind_fault(SCH_E_NOT_ALLOWED, "header.sender", field);
}

static int check_recipients(const struct sch_act *act, const char **field)
{
    const struct sch_header *header = act->event->header;
    uint8_t member[SCH_RECIPIENTS_MAX];
    size_t count = sch_route_recipients(act->dossier, direction_of(act), header->sender.text, member);
    if (!sch_route_matches(act->dossier, header, member, count)) {
        return sch_kind_fault(SCH_E_RECIPIENTS, "header.receiver", field);
    }
    return SCH_OK;
}

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

typedef int check_function(const struct sch_act *act, const char **field);

int sch_admit_check(const struct sch_act *act, const char **field)
{
    static check_function *const on_opening[] = { check_dates, check_parties, check_permit,
                                                  sch_opening_check };
    static check_function *const on_dossier[] = { check_dates, check_parties, check_dossier, check_permit,
                                                  check_fit, check_subject, check_role, check_recipients };
    const struct sch_event *event = act->event;
    check_function *const *check = opens(act) ? on_opening : on_dossier;
    size_t count = opens(act) ? COUNT(on_opening) : COUNT(on_dossier);
    int code = check_id(act, field);
    if (code == SCH_OK) {
        code = sch_kind_check(event->header, event->has_body, field);
    }
    for (size_t i = 0; code == SCH_OK && i < count; i++) {
        code = check[i](act, field);
    }
    return code;
}

/* What the dossier's state says beyond its phase. */
static int check_moment(const struct sch_act *act, const char **field)
{
    switch (act->event->header->kind) {
    case SCH_KIND_TAKEN_UP:
    case SCH_KIND_WAIVER:
    case SCH_KIND_SNOOZE:
    case SCH_KIND_REMINDER:
        return sch_ledger_check(act, field);
    case SCH_KIND_INFORMATION_REQUEST:
    case SCH_KIND_INFORMATION_REPLY:
        return sch_question_in_time(act->dossier, act->event->header->kind, act->world->now_ms)
                   ? SCH_OK
                   : sch_kind_fault(SCH_E_NOT_NOW, "header.kind", field);
    case SCH_KIND_REFUSAL:
        /* A practice that has taken the patient up cannot send him back. */
        return direction_of(act) == SCH_DIRECTION_ANSWER && act->dossier->taken_up
                   ? sch_kind_fault(SCH_E_NOT_NOW, "header.kind", field)
                   : SCH_OK;
    default:
        return SCH_OK;
    }
}

/* Questions may take half of the promises, lest asking shut out feedback. An act on the ledger opens none: were it
 * refused, nobody could waive what a CORRECTION has made too much. */
static bool is_owed_too_much(const struct sch_dossier *dossier, enum sch_kind kind)
{
    size_t owed_max = kind == SCH_KIND_INFORMATION_REQUEST ? SCH_OWED_MAX / 2 : SCH_OWED_MAX;
    return sch_kind_rule(kind)->direction != SCH_DIRECTION_LEDGER &&
           sch_promise_count(dossier) + PROMISES_PER_MESSAGE_MAX > owed_max;
}

int sch_admit_check_room(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_header *header = act->event->header;
    uint8_t member[SCH_RECIPIENTS_MAX];
    int code = check_moment(act, field);
    if (code != SCH_OK) {
        return code;
    }
    size_t count = sch_route_recipients(dossier, direction_of(act), header->sender.text, member);
    size_t standing = sch_delivery_party_count(dossier) + count;
    /* Each standing delivery may yet have a report; those that wait already outlive theirs. */
    if (standing > SCH_PARTY_DELIVERIES_MAX ||
        standing + sch_delivery_report_count(dossier) > 2 * SCH_PARTY_DELIVERIES_MAX ||
        is_owed_too_much(dossier, header->kind)) {
        return sch_kind_fault(SCH_E_DOSSIER_FULL, "header.dossier", field);
    }
    return opens(act) && act->world->full ? sch_kind_fault(SCH_E_STORE_FULL, NULL, field) : SCH_OK;
}
