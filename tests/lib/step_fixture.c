/* step_fixture.c: parties, norms and permits in code, and the few things that a turn does around a step. */
#include "step_fixture.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/calendar.h"
#include "core/delivery.h"
#include "core/expectation.h"
#include "core/kind.h"
#include "core/route.h"
#include "step_noise.h"

/* Monday 2 March 2026, 10:00 in Amsterdam. */
#define BEGINNING_MS INT64_C(1772442000000)

static void add_norm(struct sch_norms *norms, unsigned expectation, enum sch_variant variant, int term,
                     enum sch_unit unit)
{
    struct sch_norm *row = &norms->row[norms->count++];
    row->expectation = (uint8_t)expectation;
    row->variant = variant;
    row->scope = SCH_SCOPE_NATIONAL;
    row->enabled = true;
    row->term = (uint16_t)term;
    row->unit = unit;
    row->version = 1;
    (void)snprintf(row->id, sizeof row->id, "nl/E%u", expectation);
}

static void init_norms(struct sch_norms *norms)
{
    static const struct {
        unsigned expectation;
        enum sch_variant variant;
        int term;
        enum sch_unit unit;
    } row[] = {
        { 1, SCH_VARIANT_PLAIN, 1, SCH_UNIT_WORKING_DAYS }, { 1, SCH_VARIANT_URGENT, 1, SCH_UNIT_HOURS },
        { 2, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS }, { 3, SCH_VARIANT_PLAIN, 24, SCH_UNIT_HOURS },
        { 4, SCH_VARIANT_PLAIN, 4, SCH_UNIT_WEEKS }, { 5, SCH_VARIANT_PLAIN, 10, SCH_UNIT_WORKING_DAYS },
        { 6, SCH_VARIANT_PLAIN, 10, SCH_UNIT_WORKING_DAYS }, { 7, SCH_VARIANT_PLAIN, 14, SCH_UNIT_WEEKS },
        { 7, SCH_VARIANT_AFTER_INTAKE, 10, SCH_UNIT_WEEKS },
        { 8, SCH_VARIANT_PLAIN, 365, SCH_UNIT_DAYS },
        { 9, SCH_VARIANT_PLAIN, 10, SCH_UNIT_WORKING_DAYS }, { 9, SCH_VARIANT_CLINICAL, 24, SCH_UNIT_HOURS },
        { 10, SCH_VARIANT_PLAIN, 3, SCH_UNIT_WORKING_DAYS },
        { 11, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS },
        { 12, SCH_VARIANT_PLAIN, 6, SCH_UNIT_WEEKS }, { 13, SCH_VARIANT_PLAIN, 3, SCH_UNIT_WEEKS },
        { 14, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS }, { 15, SCH_VARIANT_PLAIN, 60, SCH_UNIT_DAYS },
    };
    static const enum sch_kind required[] = { SCH_KIND_INTAKE_REPORT, SCH_KIND_DISCHARGE_LETTER,
                                              SCH_KIND_PROGRESS_LETTER, SCH_KIND_BACK_REFERRAL,
                                              SCH_KIND_TEAM_RESULT };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        add_norm(norms, row[i].expectation, row[i].variant, row[i].term, row[i].unit);
    }
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        norms->required[required[i]].sections = sch_kind_rule(required[i])->sections;
    }
}

/* What lies behind the counts holds for nobody: a newer E2 that is switched off, weeks without work. */
static void add_noise(struct sch_norms *norms)
{
    add_norm(norms, 2, SCH_VARIANT_PLAIN, 1, SCH_UNIT_DAYS);
    norms->count--;
    norms->row[norms->count].enabled = false;
    norms->row[norms->count].since_day = 1;
    struct sch_region_calendar *beyond = &norms->calendar[norms->calendar_count];
    (void)snprintf(beyond->region, sizeof beyond->region, "utrecht");
    beyond->calendar.added_count = SCH_CALENDAR_DAYS_MAX;
    for (size_t i = 0; i < SCH_CALENDAR_DAYS_MAX; i++) {
        beyond->calendar.added[i] = sch_day_of_ms(BEGINNING_MS) + (int32_t)i;
    }
}

static void allow(struct sch_permits *permits, enum sch_party_kind from, enum sch_kind kind, uint32_t to)
{
    permits->allowed[from][kind] |= to;
}

#define BIT(NAME) (UINT32_C(1) << SCH_PARTY_##NAME)

static void allow_openings(struct sch_permits *permits)
{
    const uint32_t care = BIT(GB_GGZ) | BIT(S_GGZ) | BIT(CRISIS) | BIT(WIJKTEAM);
    static const enum sch_party_kind asking[] = { SCH_PARTY_GP_PRACTICE, SCH_PARTY_POH_GGZ,
                                                  SCH_PARTY_WIJKTEAM };
    allow(permits, SCH_PARTY_GP_PRACTICE, SCH_KIND_REFERRAL, care);
    allow(permits, SCH_PARTY_OUT_OF_HOURS, SCH_KIND_REFERRAL, care);
    allow(permits, SCH_PARTY_POH_GGZ, SCH_KIND_REFERRAL, BIT(WIJKTEAM));
    allow(permits, SCH_PARTY_GB_GGZ, SCH_KIND_REFERRAL, BIT(S_GGZ));
    allow(permits, SCH_PARTY_S_GGZ, SCH_KIND_REFERRAL, BIT(GB_GGZ));
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++) {
        allow(permits, asking[i], SCH_KIND_CONSULT_REQUEST, BIT(GB_GGZ) | BIT(S_GGZ));
        allow(permits, asking[i], SCH_KIND_EXPLORATION_REQUEST, BIT(MGN));
    }
    allow(permits, SCH_PARTY_GB_GGZ, SCH_KIND_CARE_NOTICE, BIT(GP_PRACTICE));
    allow(permits, SCH_PARTY_S_GGZ, SCH_KIND_CARE_NOTICE, BIT(GP_PRACTICE));
    allow(permits, SCH_PARTY_CRISIS, SCH_KIND_CARE_NOTICE, BIT(GP_PRACTICE));
    allow(permits, SCH_PARTY_GP_PRACTICE, SCH_KIND_INVOLVEMENT_NOTICE, BIT(WIJKTEAM));
    allow(permits, SCH_PARTY_WIJKTEAM, SCH_KIND_INVOLVEMENT_NOTICE, BIT(GP_PRACTICE));
}

static void allow_acts(struct sch_permits *permits)
{
    const uint32_t care = BIT(GB_GGZ) | BIT(S_GGZ) | BIT(CRISIS) | BIT(WIJKTEAM) | BIT(MGN);
    const uint32_t anyone = care | BIT(GP_PRACTICE) | BIT(POH_GGZ) | BIT(OUT_OF_HOURS);
    static const enum sch_kind acts[] = { SCH_KIND_WAIVER, SCH_KIND_NOTE, SCH_KIND_SNOOZE,
                                          SCH_KIND_REMINDER };
    static const enum sch_kind between[] = { SCH_KIND_INFORMATION_REQUEST, SCH_KIND_INFORMATION_REPLY,
                                             SCH_KIND_CORRECTION, SCH_KIND_CHANGE_NOTICE };
    for (int from = SCH_PARTY_GP_PRACTICE; from <= SCH_PARTY_COORDINATOR; from++) {
        allow(permits, (enum sch_party_kind)from, SCH_KIND_WITHDRAWAL, anyone);
        allow(permits, (enum sch_party_kind)from, SCH_KIND_TAKEN_UP, care);
        allow(permits, (enum sch_party_kind)from, SCH_KIND_LETTER_INCOMPLETE, care);
        for (size_t i = 0; i < 4; i++) {
            allow(permits, (enum sch_party_kind)from, acts[i], 1);
            allow(permits, (enum sch_party_kind)from, between[i], anyone | 1);
        }
    }
    allow(permits, SCH_PARTY_GP_PRACTICE, SCH_KIND_REFUSAL, BIT(GB_GGZ) | BIT(S_GGZ));
}

static void allow_feedback(struct sch_permits *permits)
{
    const uint32_t anyone = BIT(GP_PRACTICE) | BIT(POH_GGZ) | BIT(OUT_OF_HOURS) | BIT(GB_GGZ) | BIT(S_GGZ) |
                            BIT(WIJKTEAM);
    static const enum sch_kind crisis[] = { SCH_KIND_ACCEPTANCE, SCH_KIND_REFUSAL, SCH_KIND_REDIRECTION,
                                            SCH_KIND_INTAKE_REPORT, SCH_KIND_TREATMENT_END,
                                            SCH_KIND_DISCHARGE_LETTER };
    static const enum sch_kind deciding[] = { SCH_KIND_ACCEPTANCE, SCH_KIND_REFUSAL, SCH_KIND_WAIT_STATUS };
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        enum sch_direction direction = sch_kind_rule((enum sch_kind)kind)->direction;
        if (direction == SCH_DIRECTION_FEEDBACK || kind == SCH_KIND_CONSULT_REPLY) {
            allow(permits, SCH_PARTY_GB_GGZ, (enum sch_kind)kind, anyone);
            allow(permits, SCH_PARTY_S_GGZ, (enum sch_kind)kind, anyone);
        }
    }
    for (size_t i = 0; i < sizeof crisis / sizeof crisis[0]; i++) {
        allow(permits, SCH_PARTY_CRISIS, crisis[i], anyone);
    }
    for (size_t i = 0; i < sizeof deciding / sizeof deciding[0]; i++) {
        allow(permits, SCH_PARTY_WIJKTEAM, deciding[i], anyone);
        allow(permits, SCH_PARTY_MGN, deciding[i], anyone);
    }
    allow(permits, SCH_PARTY_WIJKTEAM, SCH_KIND_TEAM_RESULT, anyone);
    allow(permits, SCH_PARTY_MGN, SCH_KIND_EXPLORATION_ADVICE, anyone);
}

static void init_parties(struct step_fixture *f)
{
    static const struct {
        const char *address;
        enum sch_party_kind kind;
        const char *region;
    } row[STEP_PARTY_COUNT] = {
        [PRACTICE] = { "agb:01000001", SCH_PARTY_GP_PRACTICE, "utrecht" },
        [POH] = { "agb:01000001/poh-ggz", SCH_PARTY_POH_GGZ, "utrecht" },
        [HUISARTSENPOST] = { "agb:01000002", SCH_PARTY_OUT_OF_HOURS, "gooi" },
        [GB] = { "agb:94000001", SCH_PARTY_GB_GGZ, "utrecht" },
        [S] = { "agb:06000001", SCH_PARTY_S_GGZ, "utrecht" },
        [S_DEPARTMENT] = { "agb:06000001/angst", SCH_PARTY_S_GGZ, "utrecht" },
        [CRISIS] = { "agb:06000002", SCH_PARTY_CRISIS, "utrecht" },
        [WIJKTEAM] = { "gemeente:0344/zuid", SCH_PARTY_WIJKTEAM, "utrecht" },
        [TALK] = { "regio:utrecht/mgn", SCH_PARTY_MGN, "utrecht" },
        [COORDINATOR] = { "regio:utrecht/coordinator", SCH_PARTY_COORDINATOR, "utrecht" },
        [FAR_COORDINATOR] = { "regio:gooi/coordinator", SCH_PARTY_COORDINATOR, "gooi" },
        [STRANGER] = { "agb:06000009", SCH_PARTY_S_GGZ, "gooi" },
    };
    for (size_t i = 0; i < STEP_PARTY_COUNT; i++) {
        (void)snprintf(f->party[i].address.text, sizeof f->party[i].address.text, "%s", row[i].address);
        (void)snprintf(f->party[i].region, sizeof f->party[i].region, "%s", row[i].region);
        f->party[i].kind = row[i].kind;
    }
}

void step_fixture_init(struct step_fixture *f)
{
    memset(f, 0, sizeof *f);
    init_norms(&f->norms);
    add_noise(&f->norms);
    allow_openings(&f->permits);
    allow_acts(&f->permits);
    allow_feedback(&f->permits);
    init_parties(f);
    f->world.now_ms = BEGINNING_MS;
    f->world.norms = &f->norms;
    f->world.permits = &f->permits;
    f->world.sequence = 1000;
    f->gp_key = true;
}

void step_fixture_norm(struct step_fixture *f, unsigned expectation, enum sch_variant variant, int term,
                       enum sch_unit unit)
{
    for (size_t i = 0; i < f->norms.count; i++) {
        struct sch_norm *row = &f->norms.row[i];
        if (row->expectation == expectation && row->variant == variant) {
            row->enabled = term > 0;
            row->term = (uint16_t)term;
            row->unit = unit;
        }
    }
}

int64_t step_fixture_date(const struct step_fixture *f, int days)
{
    return sch_date_from_day(sch_day_of_ms(f->world.now_ms) + days);
}

static const struct sch_party *resolve(const struct step_fixture *f, const struct sch_address *address)
{
    for (size_t i = 0; i < STEP_PARTY_COUNT; i++) {
        if (strcmp(f->party[i].address.text, address->text) == 0) {
            return &f->party[i];
        }
    }
    return NULL;
}

static void new_id(struct step_fixture *f)
{
    f->header.id = sch_step_made_id(f->world.now_ms, UINT64_C(1) << 40 | ++f->id_count);
}

void step_fixture_copy(struct step_fixture *f, enum step_party party)
{
    assert(f->header.copy_count < SCH_COPIES_MAX);
    f->header.copies[f->header.copy_count++] = f->party[party].address;
}

static void fill_facts(struct step_fixture *f)
{
    int64_t *fact = f->header.fact;
    const struct sch_kind_rule *rule = sch_kind_rule(f->header.kind);
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        if ((rule->required & UINT64_C(1) << i) != 0) {
            fact[i] = 1;
        }
    }
    if ((rule->required & SCH_FACT_BIT(EVENT_DATE)) != 0 || f->header.kind == SCH_KIND_TREATMENT_START) {
        fact[SCH_FACT_EVENT_DATE] = step_fixture_date(f, 0);
    }
    if ((rule->required & SCH_FACT_BIT(LETTER_DATE)) != 0) {
        fact[SCH_FACT_LETTER_DATE] = step_fixture_date(f, 0);
    }
    if ((rule->required & SCH_FACT_BIT(UNTIL)) != 0) {
        fact[SCH_FACT_UNTIL] = step_fixture_date(f, 7);
    }
    if ((rule->required & SCH_FACT_BIT(EXPECTATION)) != 0) {
        fact[SCH_FACT_EXPECTATION] = 6;
    }
    if ((rule->required & SCH_FACT_BIT(MISSING_SECTIONS)) != 0) {
        fact[SCH_FACT_MISSING_SECTIONS] = SCH_SECTION_PLAN;
    }
}

static void fill_letter(struct step_fixture *f)
{
    const struct sch_kind_rule *rule = sch_kind_rule(f->header.kind);
    if (rule->letter == SCH_LETTER_MANDATORY) {
        f->header.sections = rule->sections;
        f->header.sections_known = true;
    }
}

struct sch_header *step_fixture_opening(struct step_fixture *f, enum sch_kind kind, enum step_party from,
                                        enum step_party to)
{
    struct sch_header *header = &f->header;
    memset(header, 0, sizeof *header);
    new_id(f);
    header->kind = kind;
    header->sender = f->party[from].address;
    header->receiver = f->party[to].address;
    fill_facts(f);
    fill_letter(f);
    if (kind == SCH_KIND_REFERRAL) {
        header->sections = (uint32_t)SCH_SECTION_QUESTION | (uint32_t)SCH_SECTION_REASON;
    }
    if (kind == SCH_KIND_REFERRAL && to == WIJKTEAM) {
        header->fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    }
    if (kind == SCH_KIND_REFERRAL && to == CRISIS) {
        header->fact[SCH_FACT_PHONED_AT] = f->world.now_ms;
    }
    return header;
}

struct sch_header *step_fixture_referral(struct step_fixture *f, enum step_party from, enum step_party to)
{
    return step_fixture_opening(f, SCH_KIND_REFERRAL, from, to);
}

void step_fixture_address(struct step_fixture *f, const struct sch_subject *subject)
{
    struct sch_header *header = &f->header;
    const struct sch_dossier *dossier = &f->dossier;
    uint8_t member[SCH_RECIPIENTS_MAX];
    enum sch_direction direction = sch_route_direction(dossier, header->kind, header->sender.text, subject);
    size_t count = sch_route_recipients(dossier, direction, header->sender.text, member);
    memset(&header->receiver, 0, sizeof header->receiver);
    for (size_t i = 0; i < count; i++) {
        *(i == 0 ? &header->receiver : &header->copies[i - 1]) = dossier->member[member[i]].address;
    }
    header->copy_count = count > 0 ? count - 1 : 0;
}

struct sch_header *step_fixture_message_of(struct step_fixture *f, enum sch_kind kind, enum step_party sender)
{
    struct sch_header *header = &f->header;
    const struct sch_kind_rule *rule = sch_kind_rule(kind);
    memset(header, 0, sizeof *header);
    new_id(f);
    header->kind = kind;
    header->dossier = f->dossier.id;
    header->sender = f->party[sender].address;
    step_fixture_address(f, NULL);
    if (kind == SCH_KIND_REDIRECTION || kind == SCH_KIND_TRANSFER_NOTICE) {
        header->concerned = f->party[GB].address;
    }
    if (rule->letter == SCH_LETTER_MANDATORY) {
        fill_letter(f);
    }
    fill_facts(f);
    return header;
}

static enum step_party party_of(const struct step_fixture *f, const struct sch_member *member)
{
    for (size_t i = 0; i < STEP_PARTY_COUNT; i++) {
        if (strcmp(f->party[i].address.text, member->address.text) == 0) {
            return (enum step_party)i;
        }
    }
    return PRACTICE;
}

struct sch_header *step_fixture_message(struct step_fixture *f, enum sch_kind kind)
{
    enum sch_member_role role = SCH_MEMBER_CREDITOR;
    switch (sch_kind_rule(kind)->direction) {
    case SCH_DIRECTION_FEEDBACK:
    case SCH_DIRECTION_RESULT:
    case SCH_DIRECTION_BOTH:
        role = SCH_MEMBER_RECEIVER;
        break;
    case SCH_DIRECTION_ONWARD:
        role = SCH_MEMBER_REFERRER;
        break;
    default:
        break;
    }
    return step_fixture_message_of(f, kind, party_of(f, &f->dossier.member[role]));
}

struct sch_header *step_fixture_correction(struct step_fixture *f, struct sch_id subject, enum sch_kind kind,
                                           enum step_party sender)
{
    (void)step_fixture_message_of(f, SCH_KIND_CORRECTION, sender);
    memset(&f->subject, 0, sizeof f->subject);
    f->subject.known = true;
    f->subject.dossier = f->dossier.id;
    f->subject.kind = kind;
    f->subject.sender = f->party[sender].address;
    f->header.subject = subject;
    step_fixture_address(f, &f->subject);
    return &f->header;
}

int step_fixture_step(struct step_fixture *f)
{
    int code = step_noise_step(&f->world, &f->dossier, &f->event, &f->effects, 0, STEP_NOISE_LOOKS);
    f->world.sequence += step_fixture_count(f, SCH_EFFECT_STORE) + step_fixture_count(f, SCH_EFFECT_MAKE);
    return code;
}

int step_fixture_send(struct step_fixture *f)
{
    struct sch_event *event = &f->event;
    memset(event, 0, sizeof *event);
    event->type = SCH_EVENT_SUBMIT;
    event->header = &f->header;
    event->sender = resolve(f, &f->header.sender);
    event->receiver = resolve(f, &f->header.receiver);
    for (size_t i = 0; i < f->header.copy_count; i++) {
        event->copy[i] = resolve(f, &f->header.copies[i]);
    }
    event->creditor = resolve(f, &f->header.creditor);
    event->origin = f->origin;
    event->group_count = f->group_count;
    event->subject = f->subject;
    event->id_in_use = f->id_in_use;
    event->has_body = sch_kind_rule(f->header.kind)->letter == SCH_LETTER_MANDATORY;
    event->gp_key = f->gp_key;
    event->kenmerk = 7;
    f->last = f->header.id;
    return step_fixture_step(f);
}

int step_fixture_say(struct step_fixture *f, enum sch_kind kind)
{
    (void)step_fixture_message(f, kind);
    return step_fixture_send(f);
}

int step_fixture_say_on(struct step_fixture *f, enum sch_kind kind, int days)
{
    step_fixture_message(f, kind)->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(f, days);
    return step_fixture_send(f);
}

struct sch_id step_fixture_redirect(struct step_fixture *f, enum sch_mode mode)
{
    struct sch_header *header = step_fixture_message(f, SCH_KIND_REDIRECTION);
    header->fact[SCH_FACT_REDIRECTION_MODE] = (int64_t)mode;
    header->fact[SCH_FACT_PATIENT_AGREED] = mode == SCH_MODE_FORWARDED ? SCH_YES_YES : 0;
    int code = step_fixture_send(f);
    assert(code == SCH_OK);
    (void)code;
    return f->last;
}

void step_fixture_open(struct step_fixture *f, enum step_party to)
{
    (void)step_fixture_referral(f, PRACTICE, to);
    step_fixture_copy(f, POH);
    f->referral = f->header.id;
    memset(&f->dossier, 0, sizeof f->dossier);
    f->dossier.id = f->header.id;
    int code = step_fixture_send(f);
    assert(code == SCH_OK);
    (void)code;
}

int step_fixture_settle(struct step_fixture *f, enum sch_event_type type, struct sch_id message,
                        enum step_party mailbox, uint32_t missing)
{
    memset(&f->event, 0, sizeof f->event);
    f->event.type = type;
    f->event.message = message;
    f->event.mailbox = f->party[mailbox].address;
    f->event.missing_sections = missing;
    f->event.refusal = SCH_SYSTEM_REFUSAL_CANNOT_OPEN;
    return step_fixture_step(f);
}

int step_fixture_collect(struct step_fixture *f, struct sch_id message, enum step_party mailbox)
{
    return step_fixture_settle(f, SCH_EVENT_COLLECT, message, mailbox, 0);
}

void step_fixture_at(struct step_fixture *f, int64_t now_ms)
{
    f->world.now_ms = now_ms;
}

void step_fixture_wait(struct step_fixture *f, int days)
{
    f->world.now_ms += days * STEP_FIXTURE_DAY_MS;
}

int step_fixture_due(struct step_fixture *f)
{
    memset(&f->event, 0, sizeof f->event);
    f->event.type = SCH_EVENT_DUE;
    return step_fixture_step(f);
}

void step_fixture_live(struct step_fixture *f, int days)
{
    int64_t until_ms = f->world.now_ms + days * STEP_FIXTURE_DAY_MS;
    int64_t due_ms;
    while ((due_ms = sch_dossier_next_due(&f->dossier)) <= until_ms) {
        f->world.now_ms = due_ms;
        (void)step_fixture_due(f);
    }
    f->world.now_ms = until_ms;
}

size_t step_fixture_count(const struct step_fixture *f, enum sch_effect_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < f->effects.count; i++) {
        count += f->effects.effect[i].type == type;
    }
    return count;
}

const struct sch_effect *step_fixture_effect(const struct step_fixture *f, enum sch_effect_type type,
                                             size_t n)
{
    for (size_t i = 0; i < f->effects.count; i++) {
        if (f->effects.effect[i].type == type && n-- == 0) {
            return &f->effects.effect[i];
        }
    }
    return NULL;
}

const struct sch_effect *step_fixture_about(const struct step_fixture *f, enum sch_effect_type type,
                                            unsigned expectation)
{
    for (size_t i = 0; i < f->effects.count; i++) {
        const struct sch_effect *effect = &f->effects.effect[i];
        if (effect->type == type && effect->instance.expectation == expectation) {
            return effect;
        }
    }
    return NULL;
}

const struct sch_instance *step_fixture_owed(const struct step_fixture *f, unsigned expectation)
{
    for (size_t i = 0; i < f->dossier.instance_count; i++) {
        const struct sch_instance *instance = &f->dossier.instance[i];
        if (instance->expectation == expectation && sch_instance_is_open(instance)) {
            return instance;
        }
    }
    return NULL;
}

int64_t step_fixture_end_of(int64_t date)
{
    int32_t day = 0;
    bool valid = sch_day_from_date(date, &day);
    assert(valid);
    (void)valid;
    return sch_ms_of_day(day + 1);
}
