/*
 * types.h: the values that both ends of a wire share: kinds, codes, facts, sections, identities.
 *
 * The lists below are DOMAIN's tables; proto/scharnier.proto numbers its enumerators alike and a test
 * holds the two together. A number is never reused. Zero is always "unspecified" and is refused
 * wherever a value is required.
 */
#ifndef SCHARNIER_TYPES_H
#define SCHARNIER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scharnier/limits.h>

/* Message kinds: X(NAME, number, "Dutch name"). */
#define SCH_KIND_LIST(X) \
    X(REFERRAL, 1, "verwijsbrief") \
    X(ACCEPTANCE, 2, "aanmelding geaccepteerd") \
    X(REFUSAL, 3, "afwijzing") \
    X(REDIRECTION, 4, "doorgeleiding") \
    X(INFORMATION_REQUEST, 5, "aanvulling gevraagd") \
    X(INFORMATION_REPLY, 6, "aanvulling gegeven") \
    X(APPOINTMENT, 7, "kennisgeving patiënt heeft afspraak") \
    X(NO_SHOW, 8, "niet verschenen") \
    X(INTAKE_REPORT, 9, "bericht na intake") \
    X(TREATMENT_START, 10, "start behandeling") \
    X(WAIT_STATUS, 11, "wachtstatus") \
    X(CHANGE_NOTICE, 12, "wijziging somatiek/therapie/controles") \
    X(PROGRESS_LETTER, 13, "bericht voortgang") \
    X(TRANSFER_NOTICE, 14, "kennisgeving overdracht") \
    X(TREATMENT_END, 15, "einde behandeling") \
    X(DISCHARGE_LETTER, 16, "ontslagbrief") \
    X(BACK_REFERRAL, 17, "terugverwijzing") \
    X(NO_REPORT, 18, "geen bericht: bezwaar patiënt") \
    X(LETTER_INCOMPLETE, 19, "brief onvolledig") \
    X(TAKEN_UP, 20, "opgepakt") \
    X(WITHDRAWAL, 21, "intrekking") \
    X(CORRECTION, 22, "foutief verzonden") \
    X(CONSULT_REQUEST, 23, "consultatie") \
    X(CONSULT_REPLY, 24, "consultatieantwoord") \
    X(EXPLORATION_REQUEST, 25, "aanmelding verkennend gesprek") \
    X(EXPLORATION_ADVICE, 26, "advies verkennend gesprek") \
    X(TEAM_RESULT, 27, "resultaat wijkteam") \
    X(CARE_NOTICE, 28, "zorg zonder verwijzing") \
    X(INVOLVEMENT_NOTICE, 29, "betrokkenheid gemeld") \
    X(REMINDER, 30, "herinnering") \
    X(DELIVERY_REPORT, 31, "niet opgehaald / niet bezorgd") \
    X(NOTE, 32, "notitie") \
    X(SNOOZE, 33, "uitgesteld") \
    X(WAIVER, 34, "gemotiveerd gesloten")

/* Kinds of party: X(NAME, number, "Dutch name"). */
#define SCH_PARTY_LIST(X) \
    X(GP_PRACTICE, 1, "huisartsenpraktijk") \
    X(POH_GGZ, 2, "praktijkondersteuner ggz") \
    X(OUT_OF_HOURS, 3, "huisartsenpost") \
    X(GB_GGZ, 4, "generalistische basis-ggz") \
    X(S_GGZ, 5, "gespecialiseerde ggz") \
    X(CRISIS, 6, "crisisdienst") \
    X(WIJKTEAM, 7, "wijkteam") \
    X(MGN, 8, "mentaal gezondheidsnetwerk") \
    X(COORDINATOR, 9, "regionale coördinator")

/* Code sets, one list each: X(NAME, number, "Dutch name"). */
#define SCH_URGENCY_LIST(X) \
    X(ROUTINE, 1, "regulier") X(SOON, 2, "binnenkort") X(URGENT, 3, "spoed") X(CRISIS, 4, "crisis")

#define SCH_ROLE_LIST(X) \
    X(GP, 1, "huisarts") X(POH_GGZ, 2, "poh-ggz") X(PSYCHIATRIST, 3, "psychiater") \
    X(PSYCHOLOGIST, 4, "psycholoog") X(NURSE_SPECIALIST, 5, "verpleegkundig specialist") \
    X(SOCIAL_WORKER, 6, "maatschappelijk werker") X(OTHER, 7, "anders")

#define SCH_REFUSAL_LIST(X) \
    X(NO_CAPACITY, 1, "geen capaciteit") X(CARE_NOT_OFFERED, 2, "zorg niet geboden") \
    X(EXCLUSION, 3, "exclusiecriterium") X(CONTRACT_CEILING, 4, "contractplafond") \
    X(WRONG_ECHELON, 5, "verkeerd echelon") X(OUTSIDE_REGION, 6, "buiten de regio") \
    X(INCOMPLETE, 7, "verwijzing onvolledig") X(EXPIRED, 8, "verwijzing verlopen") \
    X(PATIENT_DECLINES, 9, "patiënt ziet af") X(NOT_INSURED, 10, "niet verzekerd") \
    X(NOT_STABLE, 11, "patiënt niet stabiel") X(MEDICATION_NOT_TAKEN, 12, "medicatie niet overgenomen") \
    X(OTHER, 13, "anders")

#define SCH_WITHDRAWN_LIST(X) \
    X(PATIENT_DECLINES, 1, "patiënt ziet af") X(PLACED_ELSEWHERE, 2, "elders geplaatst") \
    X(SENT_IN_ERROR, 3, "ten onrechte verwezen") X(OTHER, 4, "anders")

#define SCH_END_LIST(X) \
    X(COMPLETED, 1, "behandeling voltooid") X(PATIENT_STOPS, 2, "patiënt stopt") \
    X(NO_CONTACT, 3, "geen contact meer") X(TRANSFERRED, 4, "overgedragen") \
    X(DECEASED, 5, "overleden") X(OTHER, 6, "anders") X(STABLE, 7, "stabiel, verder bij de huisarts")

#define SCH_WAIVED_LIST(X) \
    X(RECEIVED_OTHERWISE, 1, "langs andere weg ontvangen") X(NO_LONGER_NEEDED, 2, "niet meer nodig") \
    X(PATIENT_GONE, 3, "patiënt uit de praktijk") X(REGISTERED_IN_ERROR, 4, "ten onrechte geregistreerd") \
    X(OTHER, 5, "anders")

#define SCH_OUTCOME_LIST(X) \
    X(TREATMENT, 1, "behandeling") X(NO_TREATMENT, 2, "geen behandeling") \
    X(OTHER_ECHELON, 3, "ander echelon")

#define SCH_STARTED_LIST(X) X(YES, 1, "gestart") X(NOT_YET, 2, "nog niet gestart")

#define SCH_NEXT_STEP_LIST(X) \
    X(NEW_APPOINTMENT, 1, "nieuwe afspraak") X(CONTACT_PATIENT, 2, "contact met patiënt") \
    X(BACK_TO_REFERRER, 3, "terug naar verwijzer")

#define SCH_BRIDGE_LIST(X) \
    X(GP, 1, "huisarts") X(POH_GGZ, 2, "poh-ggz") X(RECEIVER, 3, "ontvanger") \
    X(WIJKTEAM, 4, "wijkteam") X(NOBODY, 5, "niemand")

#define SCH_SETTING_LIST(X) X(AMBULANT, 1, "ambulant") X(CLINICAL, 2, "klinisch")

#define SCH_TAKEN_LIST(X) \
    X(OWN_CARE, 1, "eigen zorg") X(REFERRED_ELSEWHERE, 2, "elders verwezen") \
    X(PATIENT_CONTACTED, 3, "patiënt gesproken") X(PATIENT_DECLINES, 4, "patiënt ziet af")

#define SCH_CAUSE_LIST(X) \
    X(NOT_COLLECTED, 1, "nog niet opgehaald") X(REFUSED_BY_SYSTEM, 2, "geweigerd door het systeem") \
    X(EXPIRED, 3, "niet opgehaald, vernietigd") X(EXHAUSTED, 4, "na herhaald aanbieden niet verwerkt")

#define SCH_STEP_LIST(X) \
    X(REMINDED, 1, "herinnerd") X(OVERDUE, 2, "over de norm") X(ESCALATED, 3, "opgeschaald") \
    X(WITHDRAW, 4, "elders gestart: intrekken?")

/* REDIRECTION: who sees to it that the patient gets there. */
#define SCH_MODE_LIST(X) X(ADVISED, 1, "geadviseerd") X(FORWARDED, 2, "doorgestuurd")

#define SCH_TOPIC_LIST(X) \
    X(DIAGNOSIS, 1, "diagnostiek") X(MEDICATION, 2, "medicatie") X(TREATMENT_CHOICE, 3, "keuze van behandeling") \
    X(RISK, 4, "risico") X(REFERRAL_CHOICE, 5, "keuze van verwijzing") X(OTHER, 6, "anders")

#define SCH_FORM_LIST(X) X(DISCUSSION, 1, "overleg") X(CONSULTATION, 2, "consultatie")

/* What an exploratory talk advises. */
#define SCH_ROUTE_LIST(X) \
    X(GP, 1, "huisarts") X(POH_GGZ, 2, "poh-ggz") X(GB_GGZ, 3, "generalistische basis-ggz") \
    X(S_GGZ, 4, "gespecialiseerde ggz") X(WIJKTEAM, 5, "wijkteam") X(INFORMAL, 6, "informele zorg") \
    X(NONE, 7, "geen vervolg")

#define SCH_TEAM_LIST(X) \
    X(SUPPORTED, 1, "ondersteuning geboden") X(REFERRED_ON, 2, "doorverwezen") X(NO_CONTACT, 3, "geen contact") \
    X(DECLINED, 4, "inwoner ziet af") X(OTHER, 5, "anders")

#define SCH_NOTED_LIST(X) \
    X(CALLED, 1, "gebeld") X(LETTER_PROMISED, 2, "bericht toegezegd") X(BEING_SORTED, 3, "wordt uitgezocht") \
    X(SENT_OTHERWISE, 4, "langs andere weg verstuurd") X(OTHER, 5, "anders")

#define SCH_SNOOZED_LIST(X) \
    X(LETTER_PROMISED, 1, "bericht toegezegd") X(ABSENT, 2, "afwezig") X(SYSTEM_CHANGE, 3, "systeemwissel") \
    X(OTHER, 4, "anders")

#define SCH_YES_LIST(X) X(YES, 1, "ja")

/* Why a recipient's system refuses a delivery: X(NAME, number, "Dutch name"). */
#define SCH_SYSTEM_REFUSAL_LIST(X) \
    X(CANNOT_OPEN, 1, "brief niet te openen") X(BAD_SIGNATURE, 2, "handtekening ongeldig") \
    X(NOT_OURS, 3, "niet voor deze organisatie") X(UNSUPPORTED, 4, "soort niet ondersteund") \
    X(MALFORMED, 5, "bericht ongeldig") X(OTHER, 6, "anders")

/* A delivery's state, DOMAIN "Two layers": X(NAME, number, "Dutch name"). */
#define SCH_DELIVERY_LIST(X) \
    X(STORED, 1, "klaar om op te halen") X(COLLECTED, 2, "opgehaald") \
    X(REFUSED_BY_SYSTEM, 3, "geweigerd door het systeem") X(EXPIRED, 4, "verlopen") \
    X(WITHDRAWN, 5, "ingetrokken")

/* A dossier's phase, DOMAIN "Two layers". Order of the first nine is the order of proof. */
#define SCH_PHASE_LIST(X) \
    X(NONE, 0, "onbekend") X(SENT, 1, "verzonden") X(ACCEPTED, 2, "geaccepteerd") \
    X(INTAKE_PLANNED, 3, "intake gepland") X(INTAKE_PRESUMED, 4, "intake verondersteld") \
    X(INTAKE_DONE, 5, "intake gehouden") X(IN_TREATMENT, 6, "in behandeling") X(ENDED, 7, "beëindigd") \
    X(CLOSED, 8, "afgesloten") X(REFUSED, 9, "afgewezen") X(REDIRECTED, 10, "doorgeleid") \
    X(BACK_REFERRED, 11, "terugverwezen") X(WITHDRAWN, 12, "ingetrokken") \
    X(UNDELIVERED, 13, "niet bezorgd") X(ENTERED_IN_ERROR, 14, "foutief ingevoerd")

/* How an instance of an expectation stands: X(NAME, number, "Dutch name"). */
#define SCH_STANDING_LIST(X) \
    X(OPEN, 1, "open") X(INCOMPLETE, 2, "onvolledig") X(CLOSED, 3, "beantwoord") \
    X(WITHHELD, 4, "onthouden: bezwaar patiënt") X(WAIVED, 5, "gemotiveerd gesloten") \
    X(CANCELLED, 6, "vervallen")

/* The silences that people must be able to tell apart, DOMAIN "Expectations": X(NAME, number, "Dutch name"). */
#define SCH_SILENCE_LIST(X) \
    X(NOT_COLLECTED, 1, "niet opgehaald") X(NOT_DECIDED, 2, "opgehaald, geen besluit") \
    X(NO_APPOINTMENT, 3, "besloten, geen afspraak") X(NO_INTAKE_REPORT, 4, "intake gehouden, geen bericht") \
    X(NOT_STARTED, 5, "start behandeling onbekend") X(NO_PROGRESS_LETTER, 6, "in behandeling, geen voortgangsbericht") \
    X(NO_DISCHARGE_LETTER, 7, "beëindigd, geen brief") X(INCOMPLETE, 8, "brief onvolledig") \
    X(NOT_TAKEN_UP, 9, "afgewezen of teruggestuurd, niet opgepakt") X(NOWHERE_PLACED, 10, "herhaald afgewezen, nergens geplaatst") \
    X(NO_INFORMATION, 11, "aanvulling gevraagd, niet gegeven") X(NO_TEAM_RESULT, 12, "geen resultaat van het wijkteam") \
    X(NO_ADVICE, 13, "geen advies na aanmelding verkennend gesprek") X(NO_CONSULT_REPLY, 14, "consultatie niet beantwoord") \
    X(NO_CARE_REPORT, 15, "zorg zonder verwijzing, geen bericht")

/* How a promise stands against its norm: under 75 % of the term, from 75 %, past the due, twice the term. */
#define SCH_TERM_LIST(X) \
    X(WITHIN, 1, "binnen norm") X(NEAR, 2, "nadert norm") X(OVER, 3, "over norm") X(FAR_OVER, 4, "ver over norm")

/* The code sets: X(SET, LIST). A fact of type CODE names its set. */
#define SCH_CODE_SET_LIST(X) \
    X(KIND, SCH_KIND_LIST) X(PARTY, SCH_PARTY_LIST) X(URGENCY, SCH_URGENCY_LIST) X(ROLE, SCH_ROLE_LIST) \
    X(REFUSAL, SCH_REFUSAL_LIST) X(WITHDRAWN, SCH_WITHDRAWN_LIST) X(END, SCH_END_LIST) \
    X(WAIVED, SCH_WAIVED_LIST) X(OUTCOME, SCH_OUTCOME_LIST) X(STARTED, SCH_STARTED_LIST) \
    X(NEXT_STEP, SCH_NEXT_STEP_LIST) X(BRIDGE, SCH_BRIDGE_LIST) X(SETTING, SCH_SETTING_LIST) \
    X(TAKEN, SCH_TAKEN_LIST) X(CAUSE, SCH_CAUSE_LIST) X(STEP, SCH_STEP_LIST) X(YES, SCH_YES_LIST) \
    X(SYSTEM_REFUSAL, SCH_SYSTEM_REFUSAL_LIST) X(DELIVERY, SCH_DELIVERY_LIST) \
    X(PHASE, SCH_PHASE_LIST) X(STANDING, SCH_STANDING_LIST) X(MODE, SCH_MODE_LIST) X(TOPIC, SCH_TOPIC_LIST) \
    X(FORM, SCH_FORM_LIST) X(ROUTE, SCH_ROUTE_LIST) X(TEAM, SCH_TEAM_LIST) X(NOTED, SCH_NOTED_LIST) \
    X(SNOOZED, SCH_SNOOZED_LIST) X(SILENCE, SCH_SILENCE_LIST) X(TERM, SCH_TERM_LIST)

/*
 * Facts: what a header says beside who and what. X(NAME, TYPE, SET): TYPE is CODE (a value of SET), DATE
 * (yyyymmdd, local day in Europe/Amsterdam, 20000101..20991231), TIME (UTC milliseconds) or NUMBER. The
 * name in lower case is the field's name in proto/scharnier.proto and in every JSON form.
 */
#define SCH_FACT_LIST(X) \
    X(ECHELON, CODE, PARTY)             /* the receiver's echelon as the referrer states it */ \
    X(URGENCY, CODE, URGENCY) \
    X(LETTER_DATE, DATE, NONE) \
    X(AUTHOR_ROLE, CODE, ROLE) \
    X(AUTHOR_AGB, NUMBER, NONE)         /* eight digits, leading zeros dropped */ \
    X(CONSENT, CODE, YES) \
    X(PHONED_AT, TIME, NONE) \
    X(EVENT_DATE, DATE, NONE)           /* intake, no-show, start or end: the day it happened or will */ \
    X(EXPECTED_DATE, DATE, NONE)        /* announced: of intake or of start */ \
    X(REFUSAL_REASON, CODE, REFUSAL) \
    X(WITHDRAWAL_REASON, CODE, WITHDRAWN) \
    X(END_REASON, CODE, END) \
    X(WAIVER_REASON, CODE, WAIVED) \
    X(OUTCOME, CODE, OUTCOME) \
    X(STARTED, CODE, STARTED) \
    X(NEXT_STEP, CODE, NEXT_STEP) \
    X(NO_SHOW_COUNT, NUMBER, NONE)      /* which no-show this is, 1.. */ \
    X(BRIDGED_BY, CODE, BRIDGE) \
    X(SETTING, CODE, SETTING) \
    X(TAKEN_UP, CODE, TAKEN) \
    X(REENTRY_UNTIL, DATE, NONE) \
    X(EXPECTATION, NUMBER, NONE)        /* 1..15: E1..E15 */ \
    X(STEP, CODE, STEP) \
    X(CAUSE, CODE, CAUSE) \
    X(REDIRECTION_MODE, CODE, MODE) \
    X(PATIENT_AGREED, CODE, YES) \
    X(WRONG_PARTY, CODE, YES)           /* CORRECTION: it went to somebody who should not have had it */ \
    X(TOPIC, CODE, TOPIC) \
    X(CONSULT_FORM, CODE, FORM) \
    X(ROUTE, CODE, ROUTE) \
    X(TEAM_OUTCOME, CODE, TEAM) \
    X(NOTE, CODE, NOTED) \
    X(SNOOZE_REASON, CODE, SNOOZED) \
    X(UNTIL, DATE, NONE)                /* SNOOZE: no alert before the day after this one */ \
    X(MISSING_SECTIONS, NUMBER, NONE)   /* LETTER_INCOMPLETE: bits of enum sch_section */

/* Sections of a letter, a bit each: X(NAME, bit, "Dutch name"). DOMAIN "Sections". */
#define SCH_SECTION_LIST(X) \
    X(QUESTION, 0, "vraagstelling") X(REASON, 1, "reden van verwijzing") \
    X(SUSPECTED_DISORDER, 2, "vermoeden DSM-stoornis") X(SEVERITY, 3, "ernst") X(RISK, 4, "risico") \
    X(COMPLEXITY, 5, "complexiteit") X(COURSE, 6, "beloop") X(MEDICATION, 7, "medicatie") \
    X(CONSENT, 8, "toestemming") X(BRIDGING, 9, "overbruggingszorg") X(INTAKE_DATE, 10, "intakedatum") \
    X(ANSWER, 11, "antwoord op de vraag") X(DIAGNOSIS, 12, "voorlopige diagnose") \
    X(INDICATION, 13, "indicatie") X(PLAN, 14, "plan") X(START, 15, "gestart of wachtend") \
    X(PRACTITIONER, 16, "behandelaar met telefoonnummer") X(END, 17, "einddatum en reden") \
    X(DONE, 18, "verrichte behandeling") X(RESULT, 19, "resultaat") X(RESIDUAL_RISK, 20, "restrisico") \
    X(RELAPSE_SIGNALS, 21, "signalen van terugval") X(AFTERCARE, 22, "nazorgadvies") \
    X(PHONE, 23, "telefoonnummer voor vragen") X(CHANGES, 24, "wijzigingen")

#define SCH_ENUM_(PREFIX, NAME, number) SCH_##PREFIX##_##NAME = (number),
#define SCH_X_KIND(N, n, d) SCH_ENUM_(KIND, N, n)
#define SCH_X_PARTY(N, n, d) SCH_ENUM_(PARTY, N, n)
#define SCH_X_URGENCY(N, n, d) SCH_ENUM_(URGENCY, N, n)
#define SCH_X_ROLE(N, n, d) SCH_ENUM_(ROLE, N, n)
#define SCH_X_REFUSAL(N, n, d) SCH_ENUM_(REFUSAL, N, n)
#define SCH_X_WITHDRAWN(N, n, d) SCH_ENUM_(WITHDRAWN, N, n)
#define SCH_X_END(N, n, d) SCH_ENUM_(END, N, n)
#define SCH_X_WAIVED(N, n, d) SCH_ENUM_(WAIVED, N, n)
#define SCH_X_OUTCOME(N, n, d) SCH_ENUM_(OUTCOME, N, n)
#define SCH_X_STARTED(N, n, d) SCH_ENUM_(STARTED, N, n)
#define SCH_X_NEXT_STEP(N, n, d) SCH_ENUM_(NEXT_STEP, N, n)
#define SCH_X_BRIDGE(N, n, d) SCH_ENUM_(BRIDGE, N, n)
#define SCH_X_SETTING(N, n, d) SCH_ENUM_(SETTING, N, n)
#define SCH_X_TAKEN(N, n, d) SCH_ENUM_(TAKEN, N, n)
#define SCH_X_CAUSE(N, n, d) SCH_ENUM_(CAUSE, N, n)
#define SCH_X_STEP(N, n, d) SCH_ENUM_(STEP, N, n)
#define SCH_X_YES(N, n, d) SCH_ENUM_(YES, N, n)
#define SCH_X_SYSTEM_REFUSAL(N, n, d) SCH_ENUM_(SYSTEM_REFUSAL, N, n)
#define SCH_X_DELIVERY(N, n, d) SCH_ENUM_(DELIVERY, N, n)
#define SCH_X_PHASE(N, n, d) SCH_ENUM_(PHASE, N, n)
#define SCH_X_STANDING(N, n, d) SCH_ENUM_(STANDING, N, n)
#define SCH_X_MODE(N, n, d) SCH_ENUM_(MODE, N, n)
#define SCH_X_TOPIC(N, n, d) SCH_ENUM_(TOPIC, N, n)
#define SCH_X_FORM(N, n, d) SCH_ENUM_(FORM, N, n)
#define SCH_X_ROUTE(N, n, d) SCH_ENUM_(ROUTE, N, n)
#define SCH_X_TEAM(N, n, d) SCH_ENUM_(TEAM, N, n)
#define SCH_X_NOTED(N, n, d) SCH_ENUM_(NOTED, N, n)
#define SCH_X_SNOOZED(N, n, d) SCH_ENUM_(SNOOZED, N, n)
#define SCH_X_SILENCE(N, n, d) SCH_ENUM_(SILENCE, N, n)
#define SCH_X_TERM(N, n, d) SCH_ENUM_(TERM, N, n)
#define SCH_X_SECTION(N, n, d) SCH_SECTION_##N = UINT32_C(1) << (n),
#define SCH_X_FACT(N, t, s) SCH_FACT_##N,
#define SCH_X_SET(S, L) SCH_SET_##S,

enum sch_kind { SCH_KIND_UNSPECIFIED = 0, SCH_KIND_LIST(SCH_X_KIND) SCH_KIND_COUNT };
enum sch_party_kind { SCH_PARTY_UNSPECIFIED = 0, SCH_PARTY_LIST(SCH_X_PARTY) SCH_PARTY_COUNT };
enum sch_urgency { SCH_URGENCY_LIST(SCH_X_URGENCY) };
enum sch_role { SCH_ROLE_LIST(SCH_X_ROLE) };
enum sch_refusal { SCH_REFUSAL_LIST(SCH_X_REFUSAL) };
enum sch_withdrawn { SCH_WITHDRAWN_LIST(SCH_X_WITHDRAWN) };
enum sch_end { SCH_END_LIST(SCH_X_END) };
enum sch_waived { SCH_WAIVED_LIST(SCH_X_WAIVED) };
enum sch_outcome { SCH_OUTCOME_LIST(SCH_X_OUTCOME) };
enum sch_started { SCH_STARTED_LIST(SCH_X_STARTED) };
enum sch_next_step { SCH_NEXT_STEP_LIST(SCH_X_NEXT_STEP) };
enum sch_bridge { SCH_BRIDGE_LIST(SCH_X_BRIDGE) };
enum sch_setting { SCH_SETTING_LIST(SCH_X_SETTING) };
enum sch_taken { SCH_TAKEN_LIST(SCH_X_TAKEN) };
enum sch_cause { SCH_CAUSE_LIST(SCH_X_CAUSE) };
enum sch_ladder { SCH_STEP_NONE = 0, SCH_STEP_LIST(SCH_X_STEP) };
enum sch_yes { SCH_YES_LIST(SCH_X_YES) };
enum sch_system_refusal { SCH_SYSTEM_REFUSAL_LIST(SCH_X_SYSTEM_REFUSAL) };
enum sch_delivery_state { SCH_DELIVERY_LIST(SCH_X_DELIVERY) };
enum sch_phase { SCH_PHASE_LIST(SCH_X_PHASE) SCH_PHASE_COUNT };
enum sch_standing { SCH_STANDING_LIST(SCH_X_STANDING) };
enum sch_mode { SCH_MODE_LIST(SCH_X_MODE) };
enum sch_topic { SCH_TOPIC_LIST(SCH_X_TOPIC) };
enum sch_form { SCH_FORM_LIST(SCH_X_FORM) };
enum sch_route { SCH_ROUTE_LIST(SCH_X_ROUTE) };
enum sch_team { SCH_TEAM_LIST(SCH_X_TEAM) };
enum sch_noted { SCH_NOTED_LIST(SCH_X_NOTED) };
enum sch_snoozed { SCH_SNOOZED_LIST(SCH_X_SNOOZED) };
enum sch_silence { SCH_SILENCE_NONE = 0, SCH_SILENCE_LIST(SCH_X_SILENCE) SCH_SILENCE_COUNT };
enum sch_term { SCH_TERM_LIST(SCH_X_TERM) };
enum sch_section { SCH_SECTION_LIST(SCH_X_SECTION) SCH_SECTION_ALL = (UINT32_C(1) << 25) - 1 };
enum sch_fact { SCH_FACT_LIST(SCH_X_FACT) SCH_FACT_COUNT };
enum sch_code_set { SCH_CODE_SET_LIST(SCH_X_SET) SCH_SET_COUNT, SCH_SET_NONE = SCH_SET_COUNT };
enum sch_fact_type { SCH_TYPE_CODE, SCH_TYPE_DATE, SCH_TYPE_TIME, SCH_TYPE_NUMBER };

/* The bit of a fact in a mask of facts. */
#define SCH_FACT_BIT(NAME) (UINT64_C(1) << SCH_FACT_##NAME)

/* A message's or dossier's id: a UUIDv7 in network order. All zero means "none". A dossier's id is the
 * id of the message that opened it. */
struct sch_id {
    uint8_t bytes[SCH_ID_SIZE];
};

/* A mailbox address, NUL-terminated, zero-padded; empty means "none". DOMAIN "Parties". */
struct sch_address {
    char text[SCH_ADDRESS_MAX + 1];
};

/* Bytes that somebody else owns. */
struct sch_bytes {
    const uint8_t *ptr;
    size_t len;
};

/*
 * What a message says outside its sealed letter: codes, dates and identities only. It travels as the
 * bytes of the protobuf message Header and is signed as those bytes.
 */
struct sch_header {
    struct sch_id id;
    enum sch_kind kind;
    struct sch_address sender;
    struct sch_address receiver;                        /* first addressee; empty: the ledger only */
    struct sch_address copies[SCH_COPIES_MAX];
    size_t copy_count;
    struct sch_address creditor;                        /* empty on a REFERRAL: the sender itself */
    struct sch_address prepared_by;
    struct sch_address concerned;                       /* DELIVERY_REPORT: the mailbox that did not collect;
                                                           REDIRECTION, TRANSFER_NOTICE: the new receiver */
    struct sch_id dossier;                              /* none when this message opens one */
    struct sch_id parent;
    struct sch_id follows;
    struct sch_id group;
    struct sch_id subject;                              /* the message that this one is about */
    uint32_t sections;                                  /* bits of enum sch_section */
    bool sections_known;                                /* false: a document whose sections nobody coded */
    int64_t fact[SCH_FACT_COUNT];                       /* 0: not stated */
};

#endif
