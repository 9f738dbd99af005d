/*
 * kind.c: the table of kinds, and the check of a header by itself.
 */
#include "kind.h"

#include <assert.h>

#include "calendar.h"
#include "value.h"

#define F(NAME) SCH_FACT_BIT(NAME)
#define S(NAME) ((uint32_t)SCH_SECTION_##NAME)

#define SECTIONS_REFERRAL \
    (S(QUESTION) | S(REASON) | S(SUSPECTED_DISORDER) | S(SEVERITY) | S(RISK) | S(COMPLEXITY) | S(COURSE) | \
     S(MEDICATION) | S(CONSENT) | S(BRIDGING))
#define SECTIONS_INTAKE \
    (S(INTAKE_DATE) | S(ANSWER) | S(DIAGNOSIS) | S(INDICATION) | S(PLAN) | S(START) | S(PRACTITIONER) | \
     S(MEDICATION) | S(BRIDGING))
#define SECTIONS_DISCHARGE \
    (S(END) | S(DONE) | S(RESULT) | S(MEDICATION) | S(RESIDUAL_RISK) | S(RELAPSE_SIGNALS) | S(AFTERCARE) | \
     S(PHONE))

#define SECTIONS_ADVICE (S(ANSWER) | S(PLAN) | S(MEDICATION) | S(RISK) | S(BRIDGING) | S(PRACTITIONER))

#define RULE(D, L, R, A, SECTIONS) { SCH_DIRECTION_##D, SCH_LETTER_##L, (R), (R) | (A), (SECTIONS) }

static const struct sch_kind_rule rules[SCH_KIND_COUNT] = {
    [SCH_KIND_REFERRAL] = RULE(OPENS, MANDATORY, F(URGENCY) | F(LETTER_DATE),
                               F(ECHELON) | F(AUTHOR_ROLE) | F(AUTHOR_AGB) | F(CONSENT) | F(PHONED_AT),
                               SECTIONS_REFERRAL),
    [SCH_KIND_ACCEPTANCE] = RULE(FEEDBACK, NONE, 0, F(EXPECTED_DATE), 0),
    [SCH_KIND_REFUSAL] = RULE(FEEDBACK, OPTIONAL, F(REFUSAL_REASON), 0, S(REASON)),
    [SCH_KIND_REDIRECTION] = RULE(FEEDBACK, OPTIONAL, F(REDIRECTION_MODE) | F(REFUSAL_REASON),
                                  F(PATIENT_AGREED), S(REASON) | S(BRIDGING)),
    [SCH_KIND_INFORMATION_REQUEST] = RULE(BOTH, MANDATORY, 0, 0, S(QUESTION) | S(REASON)),
    [SCH_KIND_INFORMATION_REPLY] = RULE(BOTH, MANDATORY, 0, 0, SECTIONS_REFERRAL | S(ANSWER)),
    [SCH_KIND_APPOINTMENT] = RULE(FEEDBACK, NONE, F(EVENT_DATE), 0, 0),
    [SCH_KIND_NO_SHOW] = RULE(FEEDBACK, NONE, F(EVENT_DATE), F(NO_SHOW_COUNT) | F(NEXT_STEP), 0),
    [SCH_KIND_INTAKE_REPORT] = RULE(FEEDBACK, MANDATORY, F(EVENT_DATE) | F(OUTCOME), 0, SECTIONS_INTAKE),
    [SCH_KIND_TREATMENT_START] = RULE(FEEDBACK, NONE, F(STARTED), F(EVENT_DATE) | F(EXPECTED_DATE), 0),
    [SCH_KIND_WAIT_STATUS] = RULE(FEEDBACK, OPTIONAL, 0, F(EXPECTED_DATE) | F(BRIDGED_BY),
                                  S(REASON) | S(BRIDGING)),
    [SCH_KIND_CHANGE_NOTICE] = RULE(BOTH, MANDATORY, 0, 0, S(CHANGES) | S(MEDICATION) | S(PLAN)),
    [SCH_KIND_PROGRESS_LETTER] = RULE(FEEDBACK, MANDATORY, 0, 0, S(COURSE) | S(CHANGES) | S(PLAN)),
    [SCH_KIND_TRANSFER_NOTICE] = RULE(FEEDBACK, OPTIONAL, 0, 0, S(REASON) | S(PRACTITIONER) | S(PHONE)),
    [SCH_KIND_TREATMENT_END] = RULE(FEEDBACK, NONE, F(EVENT_DATE) | F(END_REASON), F(SETTING), 0),
    [SCH_KIND_DISCHARGE_LETTER] = RULE(FEEDBACK, MANDATORY, F(EVENT_DATE), F(REENTRY_UNTIL),
                                       SECTIONS_DISCHARGE),
    [SCH_KIND_BACK_REFERRAL] = RULE(FEEDBACK, MANDATORY, F(END_REASON), F(EVENT_DATE), SECTIONS_DISCHARGE),
    [SCH_KIND_NO_REPORT] = RULE(FEEDBACK, NONE, F(EXPECTATION), 0, 0),
    [SCH_KIND_LETTER_INCOMPLETE] = RULE(ANSWER, NONE, F(MISSING_SECTIONS), 0, 0),
    [SCH_KIND_TAKEN_UP] = RULE(ANSWER, NONE, F(TAKEN_UP), 0, 0),
    [SCH_KIND_WITHDRAWAL] = RULE(ONWARD, NONE, F(WITHDRAWAL_REASON), 0, 0),
    [SCH_KIND_CORRECTION] = RULE(SAME, NONE, 0, F(WRONG_PARTY), 0),
    [SCH_KIND_CONSULT_REQUEST] = RULE(OPENS, MANDATORY, F(TOPIC) | F(CONSULT_FORM), 0, SECTIONS_REFERRAL),
    [SCH_KIND_CONSULT_REPLY] = RULE(RESULT, MANDATORY, 0, 0, SECTIONS_ADVICE),
    [SCH_KIND_EXPLORATION_REQUEST] = RULE(OPENS, MANDATORY, 0, F(CONSENT), SECTIONS_REFERRAL),
    [SCH_KIND_EXPLORATION_ADVICE] = RULE(RESULT, MANDATORY, F(ROUTE), 0, SECTIONS_ADVICE),
    [SCH_KIND_TEAM_RESULT] = RULE(RESULT, MANDATORY, F(TEAM_OUTCOME), 0, S(QUESTION) | S(RESULT)),
    [SCH_KIND_CARE_NOTICE] = RULE(OPENS, OPTIONAL, F(EVENT_DATE), 0,
                                  S(REASON) | S(PLAN) | S(PRACTITIONER) | S(PHONE)),
    [SCH_KIND_INVOLVEMENT_NOTICE] = RULE(OPENS, OPTIONAL, F(CONSENT), 0, S(QUESTION) | S(REASON) | S(PHONE)),
    /* The broker's own REMINDERs also state the step of the ladder. */
    [SCH_KIND_REMINDER] = RULE(LEDGER, NONE, F(EXPECTATION), 0, 0),
    [SCH_KIND_DELIVERY_REPORT] = RULE(BROKER, NONE, F(CAUSE), 0, 0),
    [SCH_KIND_NOTE] = RULE(LEDGER, NONE, F(NOTE), F(EXPECTATION), 0),
    [SCH_KIND_SNOOZE] = RULE(LEDGER, NONE, F(EXPECTATION) | F(SNOOZE_REASON) | F(UNTIL), 0, 0),
    [SCH_KIND_WAIVER] = RULE(LEDGER, NONE, F(EXPECTATION) | F(WAIVER_REASON), 0, 0),
};

/* Kinds that are about another message, and kinds that name a party beside sender and recipients. */
#define K(NAME) (UINT64_C(1) << SCH_KIND_##NAME)
#define NEEDS_SUBJECT (K(LETTER_INCOMPLETE) | K(CORRECTION))
#define TAKES_SUBJECT (NEEDS_SUBJECT | K(INFORMATION_REPLY))
#define NEEDS_CONCERNED (K(REDIRECTION) | K(TRANSFER_NOTICE))
#define TAKES_CREDITOR (K(REFERRAL) | K(CONSULT_REQUEST) | K(EXPLORATION_REQUEST))
#define TAKES_CHAIN K(REFERRAL)

/* Facts by number: their field's name, type and set. The names are those of proto/scharnier.proto. */
static const char *const fact_field[SCH_FACT_COUNT] = {
    [SCH_FACT_ECHELON] = "header.echelon",
    [SCH_FACT_URGENCY] = "header.urgency",
    [SCH_FACT_LETTER_DATE] = "header.letter_date",
    [SCH_FACT_AUTHOR_ROLE] = "header.author_role",
    [SCH_FACT_AUTHOR_AGB] = "header.author_agb",
    [SCH_FACT_CONSENT] = "header.consent",
    [SCH_FACT_PHONED_AT] = "header.phoned_at",
    [SCH_FACT_EVENT_DATE] = "header.event_date",
    [SCH_FACT_EXPECTED_DATE] = "header.expected_date",
    [SCH_FACT_REFUSAL_REASON] = "header.refusal_reason",
    [SCH_FACT_WITHDRAWAL_REASON] = "header.withdrawal_reason",
    [SCH_FACT_END_REASON] = "header.end_reason",
    [SCH_FACT_WAIVER_REASON] = "header.waiver_reason",
    [SCH_FACT_OUTCOME] = "header.outcome",
    [SCH_FACT_STARTED] = "header.started",
    [SCH_FACT_NEXT_STEP] = "header.next_step",
    [SCH_FACT_NO_SHOW_COUNT] = "header.no_show_count",
    [SCH_FACT_BRIDGED_BY] = "header.bridged_by",
    [SCH_FACT_SETTING] = "header.setting",
    [SCH_FACT_TAKEN_UP] = "header.taken_up",
    [SCH_FACT_REENTRY_UNTIL] = "header.reentry_until",
    [SCH_FACT_EXPECTATION] = "header.expectation",
    [SCH_FACT_STEP] = "header.step",
    [SCH_FACT_CAUSE] = "header.cause",
    [SCH_FACT_REDIRECTION_MODE] = "header.redirection_mode",
    [SCH_FACT_PATIENT_AGREED] = "header.patient_agreed",
    [SCH_FACT_WRONG_PARTY] = "header.wrong_party",
    [SCH_FACT_TOPIC] = "header.topic",
    [SCH_FACT_CONSULT_FORM] = "header.consult_form",
    [SCH_FACT_ROUTE] = "header.route",
    [SCH_FACT_TEAM_OUTCOME] = "header.team_outcome",
    [SCH_FACT_NOTE] = "header.note",
    [SCH_FACT_SNOOZE_REASON] = "header.snooze_reason",
    [SCH_FACT_UNTIL] = "header.until",
    [SCH_FACT_MISSING_SECTIONS] = "header.missing_sections",
};

#define FACT_TYPE(N, t, s) [SCH_FACT_##N] = SCH_TYPE_##t,
static const enum sch_fact_type fact_type[SCH_FACT_COUNT] = { SCH_FACT_LIST(FACT_TYPE) };
#define FACT_SET(N, t, s) [SCH_FACT_##N] = SCH_SET_##s,
static const enum sch_code_set fact_set[SCH_FACT_COUNT] = { SCH_FACT_LIST(FACT_SET) };

/* Codes of a set run from 1 without gaps, so that counting them gives the highest. */
#define ONE(N, n, d) +1
#define SET_MAX(NAME, LIST) [SCH_SET_##NAME] = 0 LIST(ONE),
static const int64_t code_max[SCH_SET_COUNT] = { SCH_CODE_SET_LIST(SET_MAX) };

/* 2000-01-01 and 2100-01-01: a time outside is a mistake in units, or worse. */
#define TIME_MIN_MS INT64_C(946684800000)
#define TIME_MAX_MS INT64_C(4102444800000)

const struct sch_kind_rule *sch_kind_rule(enum sch_kind kind)
{
    static const struct sch_kind_rule none;
    if ((unsigned)kind >= SCH_KIND_COUNT) {
        return &none;
    }
    return &rules[kind];
}

int sch_kind_fault(int code, const char *name, const char **field)
{
    *field = name;
    return code;
}

/* The highest of a fact that counts. */
static int64_t number_max(enum sch_fact fact)
{
    switch (fact) {
    case SCH_FACT_AUTHOR_AGB:
        return 99999999;
    case SCH_FACT_NO_SHOW_COUNT:
        return 99;
    case SCH_FACT_EXPECTATION:
        return 15;
    default:
        assert(fact == SCH_FACT_MISSING_SECTIONS);
        return SCH_SECTION_ALL;
    }
}

static bool fact_valid(enum sch_fact fact, int64_t value)
{
    int32_t day;
    switch (fact_type[fact]) {
    case SCH_TYPE_CODE:
        return value >= 1 && value <= code_max[fact_set[fact]];
    case SCH_TYPE_DATE:
        return sch_day_from_date(value, &day);
    case SCH_TYPE_TIME:
        return value >= TIME_MIN_MS && value < TIME_MAX_MS;
    default:
        assert(fact_type[fact] == SCH_TYPE_NUMBER);
        return value >= 1 && value <= number_max(fact);
    }
}

static int check_facts(const struct sch_kind_rule *rule, const struct sch_header *header, const char **field)
{
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        uint64_t bit = UINT64_C(1) << i;
        bool stated = header->fact[i] != 0;
        if (stated && (rule->allowed & bit) == 0) {
            return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, fact_field[i], field);
        }
        if (!stated && (rule->required & bit) != 0) {
            return sch_kind_fault(SCH_E_FIELD_MISSING, fact_field[i], field);
        }
        if (stated && !fact_valid((enum sch_fact)i, header->fact[i])) {
            return sch_kind_fault(SCH_E_FIELD_INVALID, fact_field[i], field);
        }
    }
    return SCH_OK;
}

static int check_start(const struct sch_header *header, const char **field)
{
    bool started = header->fact[SCH_FACT_STARTED] == SCH_STARTED_YES;
    bool dated = header->fact[SCH_FACT_EVENT_DATE] != 0;
    if (started && !dated) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.event_date", field);
    }
    if (started && header->fact[SCH_FACT_EXPECTED_DATE] != 0) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.expected_date", field);
    }
    return started || !dated ? SCH_OK : sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.event_date", field);
}

/* What one fact says about another, kind by kind. */
static int check_combination(const struct sch_header *header, const char **field)
{
    int64_t expectation = header->fact[SCH_FACT_EXPECTATION];
    switch (header->kind) {
    case SCH_KIND_TREATMENT_START:
        return check_start(header, field);
    case SCH_KIND_NO_REPORT:
        if (expectation != 6 && expectation != 8 && expectation != 9 && expectation != 15) {
            return sch_kind_fault(SCH_E_FIELD_INVALID, "header.expectation", field);
        }
        return SCH_OK;
    case SCH_KIND_REDIRECTION:
        /* Nobody's letter travels on without the patient. */
        if (header->fact[SCH_FACT_REDIRECTION_MODE] == SCH_MODE_FORWARDED &&
            header->fact[SCH_FACT_PATIENT_AGREED] == 0) {
            return sch_kind_fault(SCH_E_FIELD_MISSING, "header.patient_agreed", field);
        }
        return SCH_OK;
    default:
        return SCH_OK;
    }
}

static bool is_among(enum sch_kind kind, uint64_t kinds)
{
    return (kinds & UINT64_C(1) << kind) != 0;
}

static int check_recipients(const struct sch_kind_rule *rule, const struct sch_header *header,
                            const char **field)
{
    bool ledger = rule->direction == SCH_DIRECTION_LEDGER;
    bool named = header->receiver.text[0] != '\0';
    /* Who gets a CORRECTION is known when its subject is; perhaps nobody. */
    if (rule->direction != SCH_DIRECTION_SAME && ledger == named) {
        return sch_kind_fault(ledger ? SCH_E_FIELD_FORBIDDEN : SCH_E_FIELD_MISSING, "header.receiver", field);
    }
    if (header->copy_count > SCH_COPIES_MAX) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.copies", field);
    }
    if (!named && header->copy_count > 0) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.copies", field);
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        if (header->copies[i].text[0] == '\0') {
            return sch_kind_fault(SCH_E_FIELD_INVALID, "header.copies", field);
        }
    }
    return SCH_OK;
}

static int check_addresses(const struct sch_kind_rule *rule, const struct sch_header *header,
                           const char **field)
{
    if (header->sender.text[0] == '\0') {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.sender", field);
    }
    int code = check_recipients(rule, header, field);
    if (code != SCH_OK) {
        return code;
    }
    if (!is_among(header->kind, TAKES_CREDITOR) && header->creditor.text[0] != '\0') {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.creditor", field);
    }
    if (!is_among(header->kind, TAKES_CHAIN) && header->prepared_by.text[0] != '\0') {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.prepared_by", field);
    }
    bool concerns = is_among(header->kind, NEEDS_CONCERNED);
    if (concerns != (header->concerned.text[0] != '\0')) {
        return sch_kind_fault(concerns ? SCH_E_FIELD_MISSING : SCH_E_FIELD_FORBIDDEN, "header.concerned",
                              field);
    }
    return SCH_OK;
}

static int check_chain(const struct sch_header *header, const char **field)
{
    bool parent = sch_value_is_id(&header->parent), follows = sch_value_is_id(&header->follows);
    if (is_among(header->kind, TAKES_CHAIN)) {
        /* A dossier has one origin. */
        return parent && follows ? sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.follows", field) : SCH_OK;
    }
    if (parent) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.parent", field);
    }
    if (follows) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.follows", field);
    }
    if (sch_value_is_id(&header->group)) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.group", field);
    }
    return SCH_OK;
}

static int check_ids(const struct sch_kind_rule *rule, const struct sch_header *header, const char **field)
{
    bool opens = rule->direction == SCH_DIRECTION_OPENS;
    bool subject = sch_value_is_id(&header->subject);
    if (!sch_value_is_id(&header->id)) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.id", field);
    }
    if (opens == sch_value_is_id(&header->dossier)) {
        return sch_kind_fault(opens ? SCH_E_FIELD_FORBIDDEN : SCH_E_FIELD_MISSING, "header.dossier", field);
    }
    if (subject && !is_among(header->kind, TAKES_SUBJECT)) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.subject", field);
    }
    if (!subject && is_among(header->kind, NEEDS_SUBJECT)) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.subject", field);
    }
    return check_chain(header, field);
}

static int check_letter(const struct sch_kind_rule *rule, const struct sch_header *header, bool has_body,
                        const char **field)
{
    if (rule->letter == SCH_LETTER_MANDATORY && !has_body) {
        return sch_kind_fault(SCH_E_LETTER_MISSING, "body", field);
    }
    if (rule->letter == SCH_LETTER_NONE && has_body) {
        return sch_kind_fault(SCH_E_LETTER_FORBIDDEN, "body", field);
    }
    if (!has_body && header->sections != 0) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.sections", field);
    }
    if (!has_body && header->sections_known) {
        return sch_kind_fault(SCH_E_FIELD_FORBIDDEN, "header.sections_known", field);
    }
    if (header->sections != 0 && !header->sections_known) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.sections_known", field);
    }
    if ((header->sections & ~rule->sections) != 0) {
        return sch_kind_fault(SCH_E_SECTION_FORBIDDEN, "header.sections", field);
    }
    return SCH_OK;
}

int sch_kind_check(const struct sch_header *header, bool has_body, const char **field)
{
    const struct sch_kind_rule *rule = sch_kind_rule(header->kind);
    if (header->kind == SCH_KIND_UNSPECIFIED) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.kind", field);
    }
    if ((unsigned)header->kind >= SCH_KIND_COUNT) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.kind", field);
    }
    if (rule->direction == SCH_DIRECTION_BROKER) {
        return sch_kind_fault(SCH_E_NOT_ALLOWED, "header.kind", field);
    }
    int code = check_ids(rule, header, field);
    if (code == SCH_OK) {
        code = check_addresses(rule, header, field);
    }
    if (code == SCH_OK) {
        code = check_facts(rule, header, field);
    }
    if (code == SCH_OK) {
        code = check_combination(header, field);
    }
    if (code == SCH_OK) {
        code = check_letter(rule, header, has_body, field);
    }
    return code;
}
