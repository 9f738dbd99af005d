/* step_life.c: draws of who says what to whom, weighted so that lives go on for a while. */
#include "step_life.h"

#include <string.h>

#include "core/kind.h"

/* As many bytes as the bound needs. */
static uint64_t draw_input(struct step_life *life, uint64_t below)
{
    uint64_t value = 0;
    for (uint64_t rest = below - 1; rest > 0 && life->input_size > 0; rest >>= 8, life->input_size--) {
        value = value << 8 | *life->input++;
    }
    return value % below;
}

uint64_t step_life_draw(struct step_life *life, uint64_t below)
{
    if (life->input != NULL) {
        return draw_input(life, below);
    }
    uint64_t z = (life->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static const struct sch_party *party_of(const struct step_life *life, const struct sch_address *address)
{
    for (size_t i = 0; i < STEP_PARTY_COUNT; i++) {
        if (strcmp(life->f->party[i].address.text, address->text) == 0) {
            return &life->f->party[i];
        }
    }
    return NULL;
}

void step_life_prepare(struct step_life *life)
{
    struct sch_event *event = &life->f->event;
    const struct sch_header *header = &life->f->header;
    memset(event, 0, sizeof *event);
    event->type = SCH_EVENT_SUBMIT;
    event->header = header;
    event->sender = party_of(life, &header->sender);
    event->receiver = party_of(life, &header->receiver);
    for (size_t i = 0; i < header->copy_count; i++) {
        event->copy[i] = party_of(life, &header->copies[i]);
    }
    event->creditor = party_of(life, &header->creditor);
    event->subject = life->f->subject;
    event->has_body = sch_kind_rule(header->kind)->letter == SCH_LETTER_MANDATORY;
    event->gp_key = step_life_draw(life, 20) != 0;
}

void step_life_open(struct step_life *life)
{
    static const enum step_party receivers[] = { S, S, GB, CRISIS, WIJKTEAM };
    struct step_fixture *f = life->f;
    switch (step_life_draw(life, 10)) {
    case 0:
        (void)step_fixture_opening(f, SCH_KIND_CONSULT_REQUEST, POH, S);
        f->header.creditor = f->party[PRACTICE].address;
        step_fixture_copy(f, PRACTICE);
        break;
    case 1:
        (void)step_fixture_opening(f, SCH_KIND_EXPLORATION_REQUEST, PRACTICE, TALK);
        break;
    case 2:
        (void)step_fixture_opening(f, SCH_KIND_CARE_NOTICE, step_life_draw(life, 2) == 0 ? S : CRISIS,
                                   PRACTICE);
        f->header.fact[SCH_FACT_EVENT_DATE] = step_fixture_date(f, -(int)step_life_draw(life, 40));
        break;
    case 3:
        (void)(step_life_draw(life, 2) == 0
                   ? step_fixture_opening(f, SCH_KIND_INVOLVEMENT_NOTICE, PRACTICE, WIJKTEAM)
                   : step_fixture_opening(f, SCH_KIND_INVOLVEMENT_NOTICE, WIJKTEAM, PRACTICE));
        break;
    default:
        (void)step_fixture_referral(f, PRACTICE, receivers[step_life_draw(life, 5)]);
        f->header.fact[SCH_FACT_URGENCY] = 1 + (int64_t)step_life_draw(life, 4);
        f->header.group.bytes[3] = (uint8_t)step_life_draw(life, 2);
        step_fixture_copy(f, POH);
        break;
    }
    f->referral = f->header.id;
    memset(&f->dossier, 0, sizeof f->dossier);
    memset(&f->subject, 0, sizeof f->subject);
    f->dossier.id = f->header.id;
    life->sent_count = 0;
    step_life_prepare(life);
    f->event.gp_key = true;
}

/* What ends a dossier comes seldom, lest all of them end at once. */
static bool is_rare(enum sch_kind kind)
{
    return kind == SCH_KIND_WITHDRAWAL || kind == SCH_KIND_DISCHARGE_LETTER || kind == SCH_KIND_BACK_REFERRAL;
}

/* The letter that a small dossier is about. */
static enum sch_kind own_letter(const struct sch_dossier *dossier)
{
    switch (dossier->kind) {
    case SCH_KIND_CONSULT_REQUEST:
        return SCH_KIND_CONSULT_REPLY;
    case SCH_KIND_EXPLORATION_REQUEST:
        return SCH_KIND_EXPLORATION_ADVICE;
    default:
        return dossier->echelon == SCH_PARTY_WIJKTEAM ? SCH_KIND_TEAM_RESULT : SCH_KIND_NOTE;
    }
}

static enum sch_kind draw_kind(struct step_life *life)
{
    enum sch_kind kind = (enum sch_kind)(1 + step_life_draw(life, SCH_KIND_COUNT - 1));
    while (sch_kind_rule(kind)->direction == SCH_DIRECTION_OPENS && step_life_draw(life, 8) != 0) {
        kind = (enum sch_kind)(1 + step_life_draw(life, SCH_KIND_COUNT - 1));
    }
    if (step_life_draw(life, 12) == 0) {
        kind = own_letter(&life->f->dossier);
    }
    return is_rare(kind) && step_life_draw(life, 3) != 0 ? SCH_KIND_WAIT_STATUS : kind;
}

static void draw_dates(struct step_life *life)
{
    struct sch_header *header = &life->f->header;
    int days = (int)step_life_draw(life, 60) - 20;
    if (header->fact[SCH_FACT_EVENT_DATE] != 0) {
        header->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(life->f, days);
    }
    if ((sch_kind_rule(header->kind)->allowed & SCH_FACT_BIT(EXPECTED_DATE)) != 0 &&
        step_life_draw(life, 2) == 0) {
        header->fact[SCH_FACT_EXPECTED_DATE] =
            step_fixture_date(life->f, days + (int)step_life_draw(life, 120));
    }
    if (header->kind == SCH_KIND_TREATMENT_START && step_life_draw(life, 2) == 0) {
        header->fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
        header->fact[SCH_FACT_EVENT_DATE] = 0;
    }
    if (header->kind == SCH_KIND_SNOOZE) {
        header->fact[SCH_FACT_UNTIL] = step_fixture_date(life->f, (int)step_life_draw(life, 93));
    }
}

static void draw_codes(struct step_life *life)
{
    struct sch_header *header = &life->f->header;
    int64_t *fact = header->fact;
    if (header->kind == SCH_KIND_TREATMENT_END && step_life_draw(life, 3) == 0) {
        fact[SCH_FACT_SETTING] = SCH_SETTING_CLINICAL;
    }
    if (header->kind == SCH_KIND_INTAKE_REPORT && step_life_draw(life, 4) == 0) {
        fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    }
    if (header->kind == SCH_KIND_REDIRECTION && step_life_draw(life, 2) == 0) {
        fact[SCH_FACT_REDIRECTION_MODE] = SCH_MODE_FORWARDED;
        fact[SCH_FACT_PATIENT_AGREED] = SCH_YES_YES;
    }
    if (header->kind == SCH_KIND_EXPLORATION_ADVICE) {
        fact[SCH_FACT_ROUTE] = 1 + (int64_t)step_life_draw(life, 7);
    }
    if (fact[SCH_FACT_EXPECTATION] != 0) {
        fact[SCH_FACT_EXPECTATION] = 1 + (int64_t)step_life_draw(life, 15);
        if (life->f->dossier.instance_count > 0 && step_life_draw(life, 2) == 0) {
            size_t i = step_life_draw(life, life->f->dossier.instance_count);
            fact[SCH_FACT_EXPECTATION] = life->f->dossier.instance[i].expectation;
        }
    }
    if (header->sections_known && step_life_draw(life, 3) == 0) {
        header->sections &= (uint32_t)step_life_draw(life, UINT64_C(1) << 25);
    }
}

/* What the message is about: something that was sent, and mostly by the right party. */
static void draw_subject(struct step_life *life)
{
    struct step_fixture *f = life->f;
    struct sch_header *header = &f->header;
    memset(&f->subject, 0, sizeof f->subject);
    bool needs = header->kind == SCH_KIND_CORRECTION || header->kind == SCH_KIND_LETTER_INCOMPLETE;
    if (life->sent_count == 0 || (!needs && header->kind != SCH_KIND_INFORMATION_REPLY)) {
        return;
    }
    const struct step_sent *sent = &life->sent[step_life_draw(life, life->sent_count)];
    if (memcmp(&sent->id, &f->referral, sizeof sent->id) == 0 && step_life_draw(life, 4) != 0) {
        sent = &life->sent[life->sent_count - 1];
    }
    for (size_t i = life->sent_count; header->kind == SCH_KIND_LETTER_INCOMPLETE && i-- > 0;) {
        if (f->norms.required[life->sent[i].kind].sections != 0) {
            sent = &life->sent[i];
        }
    }
    if (!needs && sent->kind != SCH_KIND_INFORMATION_REQUEST) {
        return;
    }
    header->subject = sent->id;
    f->subject.known = true;
    f->subject.dossier = f->dossier.id;
    f->subject.kind = sent->kind;
    f->subject.sender = f->party[sent->sender].address;
    f->subject.collected = sent->collected;
    if (header->kind == SCH_KIND_CORRECTION) {
        header->sender = f->subject.sender;
        header->fact[SCH_FACT_WRONG_PARTY] = step_life_draw(life, 4) == 0 ? SCH_YES_YES : 0;
        step_fixture_address(f, &f->subject);
    } else if (header->kind == SCH_KIND_LETTER_INCOMPLETE) {
        header->fact[SCH_FACT_MISSING_SECTIONS] = sch_kind_rule(sent->kind)->sections;
    }
}

void step_life_say(struct step_life *life)
{
    struct step_fixture *f = life->f;
    enum sch_kind kind = draw_kind(life);
    enum sch_direction direction = sch_kind_rule(kind)->direction;
    struct sch_header *header = step_fixture_message(f, kind);
    if (kind == SCH_KIND_REFUSAL && f->dossier.phase == SCH_PHASE_BACK_REFERRED &&
        step_life_draw(life, 2) == 0) {
        header->sender = f->dossier.member[SCH_MEMBER_CREDITOR].address;
        step_fixture_address(f, NULL);
    }
    if (direction == SCH_DIRECTION_BOTH && step_life_draw(life, 2) == 0) {
        header->sender = f->dossier.member[step_life_draw(life, f->dossier.member_count)].address;
        step_fixture_address(f, NULL);
    }
    if (direction == SCH_DIRECTION_LEDGER && step_life_draw(life, 2) == 0) {
        header->sender = f->party[COORDINATOR].address;
    }
    draw_dates(life);
    draw_codes(life);
    draw_subject(life);
    if (step_life_draw(life, 30) == 0) {
        header->sender = f->party[step_life_draw(life, STEP_PARTY_COUNT)].address;
    }
    step_life_prepare(life);
}

void step_life_settle(struct step_life *life)
{
    static const enum sch_event_type types[] = { SCH_EVENT_COLLECT, SCH_EVENT_COLLECT, SCH_EVENT_COLLECT,
                                                 SCH_EVENT_COLLECT, SCH_EVENT_REFUSE, SCH_EVENT_EXHAUST };
    struct step_fixture *f = life->f;
    memset(&f->event, 0, sizeof f->event);
    f->event.type = types[step_life_draw(life, sizeof types / sizeof types[0])];
    f->event.refusal = SCH_SYSTEM_REFUSAL_OTHER;
    f->event.missing_sections = step_life_draw(life, 4) == 0 ? (uint32_t)SCH_SECTION_ALL : 0;
    f->event.mailbox = f->party[step_life_draw(life, STEP_PARTY_COUNT)].address;
    f->event.message = f->referral;
    if (f->dossier.delivery_count > 0 && step_life_draw(life, 20) != 0) {
        size_t i = step_life_draw(life, f->dossier.delivery_count);
        const struct sch_delivery *delivery = &f->dossier.delivery[i];
        f->event.message = delivery->message;
        f->event.mailbox = f->dossier.member[delivery->member].address;
    }
}

void step_life_hear(struct step_life *life)
{
    static const enum sch_event_type types[] = { SCH_EVENT_FOLLOW, SCH_EVENT_FORWARD, SCH_EVENT_SIBLING };
    static struct sch_dossier sibling;
    struct step_fixture *f = life->f;
    memset(&f->event, 0, sizeof f->event);
    f->event.type = types[step_life_draw(life, 3)];
    f->event.message = sch_step_made_id(f->world.now_ms, UINT64_C(1) << 50 | ++f->id_count);
    size_t who = step_life_draw(life, 3) == 0 ? step_life_draw(life, STEP_PARTY_COUNT) : PRACTICE;
    f->event.sender = &f->party[who];
    if (f->event.type == SCH_EVENT_SIBLING) {
        sibling = f->dossier;
        sibling.id = f->event.message;
        f->event.origin = &sibling;
    }
}

void step_life_note(struct step_life *life)
{
    struct step_fixture *f = life->f;
    if (f->event.type == SCH_EVENT_SUBMIT && life->sent_count < STEP_LIFE_SENT_MAX) {
        struct step_sent *sent = &life->sent[life->sent_count++];
        sent->id = f->header.id;
        sent->kind = f->header.kind;
        sent->sender = (enum step_party)(f->event.sender - f->party);
        sent->collected = false;
    }
    for (size_t i = 0; f->event.type == SCH_EVENT_COLLECT && i < life->sent_count; i++) {
        if (memcmp(&life->sent[i].id, &f->event.message, sizeof f->event.message) == 0) {
            life->sent[i].collected = true;
        }
    }
}
