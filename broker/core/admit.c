/*
 * admit.c: the checks of a SUBMIT, one function a subject, in their fixed order.
 *
 * The order decides what a stranger can learn: an unknown dossier and somebody else's get the same answer
 * before anything about the dossier is looked at.
 */
#include "admit.h"

#include "answer.h"
#include "delivery.h"
#include "permit.h"
#include "promise.h"
#include "route.h"
#include "value.h"

/* Dates further away than this from receipt are mistakes: two years. */
#define DATE_REACH_DAYS 731

#define WIJKTEAM_SECTIONS \
    ((uint32_t)SCH_SECTION_QUESTION | (uint32_t)SCH_SECTION_REASON | (uint32_t)SCH_SECTION_CONSENT | \
     (uint32_t)SCH_SECTION_BRIDGING)

/* What one message can open at most beside E1: on reopening E4 and E7, and E6 or E9 and E10. */
#define PROMISES_PER_MESSAGE_MAX 4

static int fault(int code, const char *name, const char **field)
{
    *field = name;
    return code;
}

static int check_id(const struct sch_act *act, const char **field)
{
    int64_t now_ms = act->world->now_ms;
    int64_t id_ms = sch_value_id_ms(&act->event->header->id);
    if (id_ms < now_ms - SCH_ID_AGE_MAX_MS || id_ms > now_ms + SCH_ID_AHEAD_MAX_MS) {
        return fault(SCH_E_TOO_OLD, "header.id", field);
    }
    return SCH_OK;
}

/* Dates that need to know what day it is. Event dates are clamped, not refused; appointments are not. */
static int check_dates(const struct sch_act *act, const char **field)
{
    const struct sch_header *header = act->event->header;
    int32_t today = sch_day_of_ms(act->world->now_ms);
    int32_t day;
    if (sch_day_from_date(header->fact[SCH_FACT_LETTER_DATE], &day) && day > today + 1) {
        return fault(SCH_E_FIELD_INVALID, "header.letter_date", field);
    }
    if (header->fact[SCH_FACT_PHONED_AT] > act->world->now_ms + SCH_ID_AHEAD_MAX_MS) {
        return fault(SCH_E_FIELD_INVALID, "header.phoned_at", field);
    }
    if (header->kind == SCH_KIND_APPOINTMENT && sch_day_from_date(header->fact[SCH_FACT_EVENT_DATE], &day) &&
        (day < today - DATE_REACH_DAYS || day > today + DATE_REACH_DAYS)) {
        return fault(SCH_E_FIELD_INVALID, "header.event_date", field);
    }
    if (sch_day_from_date(header->fact[SCH_FACT_EXPECTED_DATE], &day) &&
        (day < today - DATE_REACH_DAYS || day > today + DATE_REACH_DAYS)) {
        return fault(SCH_E_FIELD_INVALID, "header.expected_date", field);
    }
    return SCH_OK;
}

static int check_parties(const struct sch_act *act, const char **field)
{
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    if (event->sender == NULL) {
        return fault(SCH_E_NOT_YOURS, "header.sender", field);
    }
    if (header->receiver.text[0] != '\0' && event->receiver == NULL) {
        return fault(SCH_E_UNKNOWN_RECEIVER, "header.receiver", field);
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        if (event->copy[i] == NULL) {
            return fault(SCH_E_UNKNOWN_RECEIVER, "header.copies", field);
        }
    }
    if (header->creditor.text[0] != '\0' && event->creditor == NULL) {
        return fault(SCH_E_UNKNOWN_RECEIVER, "header.creditor", field);
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
        return fault(SCH_E_UNKNOWN_DOSSIER, "header.dossier", field);
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
        return fault(SCH_E_NOT_ALLOWED, "header.kind", field);
    }
    if (kind == SCH_KIND_REFERRAL && is_ggz(to) && is_primary_care(event->sender->kind) && !event->gp_key) {
        return fault(SCH_E_GP_KEY_NEEDED, "seal.signing_key", field);
    }
    return SCH_OK;
}

/* Who is who in a REFERRAL: nobody twice, and a creditor that learns of the dossier. */
static int check_referral_parties(const struct sch_header *header, bool primary_care, const char **field)
{
    bool creditor_named = header->creditor.text[0] != '\0' &&
                          !sch_value_same_text(header->creditor.text, header->sender.text);
    bool creditor_in_copy = false;
    if (sch_value_same_text(header->receiver.text, header->sender.text)) {
        return fault(SCH_E_FIELD_INVALID, "header.receiver", field);
    }
    /* A provider that refers on is not the patient's practice. */
    if (!creditor_named && !primary_care) {
        return fault(SCH_E_FIELD_MISSING, "header.creditor", field);
    }
    if (sch_value_same_text(header->creditor.text, header->receiver.text)) {
        return fault(SCH_E_FIELD_INVALID, "header.creditor", field);
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        const char *copy = header->copies[i].text;
        bool twice = sch_value_same_text(copy, header->receiver.text);
        for (size_t j = 0; j < i; j++) {
            twice = twice || sch_value_same_text(copy, header->copies[j].text);
        }
        if (twice) {
            return fault(SCH_E_FIELD_INVALID, "header.copies", field);
        }
        creditor_in_copy = creditor_in_copy || sch_value_same_text(copy, header->creditor.text);
    }
    if (creditor_named && !creditor_in_copy) {
        return fault(SCH_E_FIELD_INVALID, "header.copies", field);
    }
    return SCH_OK;
}

static int check_referral(const struct sch_act *act, const char **field)
{
    const struct sch_header *header = act->event->header;
    enum sch_party_kind to = act->event->receiver->kind;
    int code = check_referral_parties(header, is_primary_care(act->event->sender->kind), field);
    if (code != SCH_OK) {
        return code;
    }
    if (header->fact[SCH_FACT_ECHELON] != 0 && header->fact[SCH_FACT_ECHELON] != (int64_t)to) {
        return fault(SCH_E_FIELD_INVALID, "header.echelon", field);
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        /* It oversees by metadata, and never reads a letter: neither this one nor the feedback. */
        if (act->event->copy[i]->kind == SCH_PARTY_COORDINATOR) {
            return fault(SCH_E_NOT_ALLOWED, "header.copies", field);
        }
    }
    if (to == SCH_PARTY_WIJKTEAM && header->fact[SCH_FACT_CONSENT] == 0) {
        return fault(SCH_E_FIELD_MISSING, "header.consent", field);
    }
    if (to == SCH_PARTY_WIJKTEAM && (header->sections & ~WIJKTEAM_SECTIONS) != 0) {
        return fault(SCH_E_SECTION_FORBIDDEN, "header.sections", field);
    }
    if (to == SCH_PARTY_CRISIS && header->fact[SCH_FACT_PHONED_AT] == 0) {
        return fault(SCH_E_FIELD_MISSING, "header.phoned_at", field);
    }
    return SCH_OK;
}

/* E10 may be owed by the referrer (UNDELIVERED); who owes it may say that the patient is taken up. */
static bool owes_e10(const struct sch_act *act, const char *address)
{
    const struct sch_instance *e10 = sch_promise_find(act->dossier, 10);
    return e10 != NULL && sch_value_same_text(act->dossier->member[e10->member].address.text, address);
}

static int check_role(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_party *sender = act->event->sender;
    const char *address = sender->address.text;
    bool may = false;
    switch (sch_kind_rule(act->event->header->kind)->direction) {
    case SCH_DIRECTION_FEEDBACK:
        may = sch_dossier_is(dossier, SCH_MEMBER_RECEIVER, address);
        break;
    case SCH_DIRECTION_ONWARD:
        may = sch_dossier_is(dossier, SCH_MEMBER_REFERRER, address);
        break;
    case SCH_DIRECTION_ANSWER:
        may = sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, address) || owes_e10(act, address);
        break;
    case SCH_DIRECTION_LEDGER:
        may = sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, address) || is_coordinator_of(dossier, sender);
        break;
    case SCH_DIRECTION_NONE:
    case SCH_DIRECTION_OPENS:
    case SCH_DIRECTION_BROKER:
        break;
    }
    return may ? SCH_OK : fault(SCH_E_NOT_ALLOWED, "header.sender", field);
}

static int check_recipients(const struct sch_act *act, const char **field)
{
    const struct sch_header *header = act->event->header;
    uint8_t member[SCH_RECIPIENTS_MAX];
    size_t count = sch_route_recipients(act->dossier, sch_kind_rule(header->kind)->direction,
                                        header->sender.text, member);
    if (!sch_route_matches(act->dossier, header, member, count)) {
        return fault(SCH_E_RECIPIENTS, "header.receiver", field);
    }
    return SCH_OK;
}

int sch_admit_check(const struct sch_act *act, const char **field)
{
    const struct sch_event *event = act->event;
    bool opens = sch_kind_rule(event->header->kind)->direction == SCH_DIRECTION_OPENS;
    int (*const check[])(const struct sch_act *, const char **) = {
        check_dates, check_parties, opens ? NULL : check_dossier, check_permit,
        opens ? check_referral : check_role, opens ? NULL : check_recipients,
    };
    int code = check_id(act, field);
    if (code == SCH_OK) {
        code = sch_kind_check(event->header, event->has_body, field);
    }
    for (size_t i = 0; code == SCH_OK && i < sizeof check / sizeof check[0]; i++) {
        code = check[i] == NULL ? SCH_OK : check[i](act, field);
    }
    return code;
}

int sch_admit_check_room(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_header *header = act->event->header;
    bool opens = header->kind == SCH_KIND_REFERRAL;
    if ((header->kind == SCH_KIND_TAKEN_UP || header->kind == SCH_KIND_WAIVER) &&
        !sch_answer_finds_open(dossier, act->event)) {
        return fault(SCH_E_NOTHING_OPEN,
                     header->kind == SCH_KIND_WAIVER ? "header.expectation" : "header.kind", field);
    }
    uint8_t member[SCH_RECIPIENTS_MAX];
    size_t count = sch_route_recipients(dossier, sch_kind_rule(header->kind)->direction, header->sender.text,
                                        member);
    size_t standing = sch_delivery_party_count(dossier) + count;
    /* Each standing delivery may yet have a report; those that wait already outlive theirs. */
    if (standing > SCH_PARTY_DELIVERIES_MAX ||
        standing + sch_delivery_report_count(dossier) > 2 * SCH_PARTY_DELIVERIES_MAX ||
        sch_promise_count(dossier) + PROMISES_PER_MESSAGE_MAX > SCH_OWED_MAX) {
        return fault(SCH_E_DOSSIER_FULL, "header.dossier", field);
    }
    return opens && act->world->full ? fault(SCH_E_STORE_FULL, NULL, field) : SCH_OK;
}
