/* opening.c: who is who in a new dossier, and what is owed from the first moment. */
#include "opening.h"

#include <string.h>

#include <scharnier/query.h>

#include "chain.h"
#include "kind.h"
#include "promise.h"
#include "proof.h"
#include "value.h"

#define LETTER_MONTHS_MAX 9

#define WIJKTEAM_SECTIONS \
    ((uint32_t)SCH_SECTION_QUESTION | (uint32_t)SCH_SECTION_REASON | (uint32_t)SCH_SECTION_CONSENT | \
     (uint32_t)SCH_SECTION_BRIDGING)

/* ---- checks --------------------------------------------------------------------------------------- */

static bool is_primary_care(enum sch_party_kind kind)
{
    return kind == SCH_PARTY_GP_PRACTICE || kind == SCH_PARTY_POH_GGZ || kind == SCH_PARTY_OUT_OF_HOURS;
}

/* Who refers on for somebody else's patient may want the feedback too; else the sender is no copy of itself. */
static bool may_be_copy(const struct sch_event *event)
{
    const struct sch_header *header = event->header;
    const struct sch_member *inherited = sch_chain_creditor(event);
    const char *creditor = inherited != NULL ? inherited->address.text : header->creditor.text;
    return header->kind == SCH_KIND_REFERRAL && creditor[0] != '\0' &&
           !sch_value_same_text(creditor, header->sender.text);
}

/* Nobody twice; and nobody who may only oversee: a coordinator reads metadata, never a letter. */
static int check_copies(const struct sch_event *event, const char **field)
{
    const struct sch_header *header = event->header;
    for (size_t i = 0; i < header->copy_count; i++) {
        const char *copy = header->copies[i].text;
        bool twice = sch_value_same_text(copy, header->receiver.text) ||
                     (sch_value_same_text(copy, header->sender.text) && !may_be_copy(event));
        for (size_t j = 0; j < i; j++) {
            twice = twice || sch_value_same_text(copy, header->copies[j].text);
        }
        if (twice) {
            return sch_kind_fault(SCH_E_FIELD_INVALID, "header.copies", field);
        }
        if (event->copy[i]->kind == SCH_PARTY_COORDINATOR) {
            return sch_kind_fault(SCH_E_NOT_ALLOWED, "header.copies", field);
        }
    }
    return SCH_OK;
}

static bool stands_in_copy(const struct sch_header *header, const char *address)
{
    for (size_t i = 0; i < header->copy_count; i++) {
        if (sch_value_same_text(header->copies[i].text, address)) {
            return true;
        }
    }
    return false;
}

/* May the sender be the creditor itself: the patient's practice, and nobody less in a small dossier. */
static bool may_be_creditor(enum sch_kind kind, enum sch_party_kind party)
{
    return kind == SCH_KIND_REFERRAL ? is_primary_care(party) : party == SCH_PARTY_GP_PRACTICE;
}

/* A creditor other than the sender is named, is no receiver, and learns of the dossier by a copy. */
static int check_creditor(const struct sch_event *event, const char **field)
{
    const struct sch_header *header = event->header;
    bool named = header->creditor.text[0] != '\0' &&
                 !sch_value_same_text(header->creditor.text, header->sender.text);
    if (!named) {
        return may_be_creditor(header->kind, event->sender->kind)
                   ? SCH_OK
                   : sch_kind_fault(SCH_E_FIELD_MISSING, "header.creditor", field);
    }
    if (sch_value_same_text(header->creditor.text, header->receiver.text) ||
        (header->kind != SCH_KIND_REFERRAL && event->creditor->kind != SCH_PARTY_GP_PRACTICE)) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.creditor", field);
    }
    return stands_in_copy(header, header->creditor.text)
               ? SCH_OK
               : sch_kind_fault(SCH_E_FIELD_INVALID, "header.copies", field);
}

static int check_referral(const struct sch_event *event, const char **field)
{
    const struct sch_header *header = event->header;
    enum sch_party_kind to = event->receiver->kind;
    if (header->fact[SCH_FACT_ECHELON] != 0 && header->fact[SCH_FACT_ECHELON] != (int64_t)to) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.echelon", field);
    }
    if (to == SCH_PARTY_WIJKTEAM && header->fact[SCH_FACT_CONSENT] == 0) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.consent", field);
    }
    if (to == SCH_PARTY_WIJKTEAM && (header->sections & ~WIJKTEAM_SECTIONS) != 0) {
        return sch_kind_fault(SCH_E_SECTION_FORBIDDEN, "header.sections", field);
    }
    if (to == SCH_PARTY_CRISIS && header->fact[SCH_FACT_PHONED_AT] == 0) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.phoned_at", field);
    }
    return SCH_OK;
}

int sch_opening_check(const struct sch_act *act, const char **field)
{
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    bool referral = header->kind == SCH_KIND_REFERRAL;
    bool notice = header->kind == SCH_KIND_CARE_NOTICE || header->kind == SCH_KIND_INVOLVEMENT_NOTICE;
    int code = SCH_OK;
    if (sch_value_same_text(header->receiver.text, header->sender.text)) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.receiver", field);
    }
    if (referral) {
        code = sch_chain_check(act, field);
    }
    /* A notice names no creditor, and a child inherits its parent's. */
    if (code == SCH_OK && !notice && !sch_value_is_id(&header->parent)) {
        code = check_creditor(event, field);
    }
    if (code == SCH_OK) {
        code = check_copies(event, field);
    }
    return code == SCH_OK && referral ? check_referral(event, field) : code;
}

/* ---- the dossier ---------------------------------------------------------------------------------- */

static struct sch_member member_of(const struct sch_party *party)
{
    struct sch_member member = { .address = party->address, .kind = party->kind };
    memcpy(member.region, party->region, sizeof member.region);
    return member;
}

static void set_roles(struct sch_act *act)
{
    struct sch_member *member = act->dossier->member;
    const struct sch_event *event = act->event;
    const struct sch_member *inherited = sch_chain_creditor(event);
    member[SCH_MEMBER_REFERRER] = member_of(event->sender);
    member[SCH_MEMBER_RECEIVER] = member_of(event->receiver);
    member[SCH_MEMBER_CREDITOR] = member_of(event->creditor != NULL ? event->creditor : event->sender);
    if (inherited != NULL) {
        member[SCH_MEMBER_CREDITOR] = *inherited;
    } else if (event->header->kind == SCH_KIND_CARE_NOTICE) {
        member[SCH_MEMBER_REFERRER] = member_of(event->receiver);
        member[SCH_MEMBER_RECEIVER] = member_of(event->sender);
        member[SCH_MEMBER_CREDITOR] = member_of(event->receiver);
    } else if (event->header->kind == SCH_KIND_INVOLVEMENT_NOTICE &&
               event->receiver->kind == SCH_PARTY_GP_PRACTICE) {
        member[SCH_MEMBER_CREDITOR] = member_of(event->receiver);
    }
}

void sch_opening_init(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    int64_t urgency = header->fact[SCH_FACT_URGENCY];
    dossier->id = header->id;
    dossier->kenmerk = event->kenmerk;
    dossier->kind = header->kind;
    dossier->urgency = urgency != 0 ? (enum sch_urgency)urgency : SCH_URGENCY_ROUTINE;
    set_roles(act);
    for (size_t i = 0; i < header->copy_count; i++) {
        dossier->member[SCH_MEMBER_COPY + i] = member_of(event->copy[i]);
    }
    dossier->member_count = SCH_MEMBER_COPY + header->copy_count;
    dossier->echelon = dossier->member[SCH_MEMBER_RECEIVER].kind;
    memcpy(dossier->region, dossier->member[SCH_MEMBER_CREDITOR].region, sizeof dossier->region);
    dossier->opened_ms = act->world->now_ms;
    if (header->kind == SCH_KIND_CARE_NOTICE) {
        /* What is told of this care may date from before the notice, not from before the care. */
        dossier->letter_day = sch_evidence_day(act);
        dossier->received = true;
    } else if (header->kind == SCH_KIND_REFERRAL) {
        dossier->letter_day = sch_evidence_stated_day(act, SCH_FACT_LETTER_DATE);
    }
    sch_chain_join(act);
}

/* Months are counted on the date's digits: a letter of 31 May is nine months old after 28 February. */
static bool is_old(int64_t letter_date, int64_t now_date)
{
    int64_t months = letter_date / 10000 * 12 + letter_date / 100 % 100 - 1 + LETTER_MONTHS_MAX;
    return (months / 12 * 100 + months % 12 + 1) * 100 + letter_date % 100 < now_date;
}

void sch_opening_request(struct sch_act *act)
{
    static const unsigned owed[] = { 2, 3, 4, 7, 13, 14, 0 };
    const struct sch_header *header = act->event->header;
    int64_t now_ms = act->world->now_ms;
    int64_t letter_date = header->fact[SCH_FACT_LETTER_DATE];
    for (const unsigned *number = owed; *number != 0; number++) {
        (void)sch_promise_open(act, *number, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, header->id, now_ms);
    }
    sch_act_phase(act, sch_proof_first(header->kind));
    if (letter_date != 0 && is_old(letter_date, sch_date_from_day(sch_day_of_ms(now_ms)))) {
        act->warnings |= UINT32_C(1) << SCH_WARNING_LETTER_OLD;
    }
    sch_chain_tell(act, false);
}

void sch_opening_care(struct sch_act *act)
{
    (void)sch_promise_open_on_day(act, 15, SCH_VARIANT_PLAIN, act->event->header->id,
                                  act->dossier->letter_day);
    sch_act_phase(act, sch_proof_first(SCH_KIND_CARE_NOTICE));
}

void sch_opening_involvement(struct sch_act *act)
{
    sch_act_phase(act, sch_proof_first(SCH_KIND_INVOLVEMENT_NOTICE));
}
