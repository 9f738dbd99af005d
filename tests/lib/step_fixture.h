/*
 * step_fixture.h: a small region around one dossier, for tests of the core.
 *
 * One practice with a POH, one provider per echelon, an exploratory talk (TALK, of an MGN), a coordinator;
 * DOMAIN's default norms and a permit matrix that says what DOMAIN says. The fixture plays the turn: it keeps
 * time and sequences, and says yes to nothing by itself.
 */
#ifndef SCH_TEST_STEP_FIXTURE_H
#define SCH_TEST_STEP_FIXTURE_H

#include "core/step.h"

#define STEP_FIXTURE_DAY_MS INT64_C(86400000)

enum step_party {
    PRACTICE, POH, HUISARTSENPOST, GB, S, S_DEPARTMENT, CRISIS, WIJKTEAM, TALK, COORDINATOR, FAR_COORDINATOR,
    STRANGER, STEP_PARTY_COUNT
};

struct step_fixture {
    struct sch_norms norms;
    struct sch_permits permits;
    struct sch_world world;
    struct sch_party party[STEP_PARTY_COUNT];
    struct sch_dossier dossier;
    struct sch_effects effects;
    struct sch_header header;           /* the message under construction */
    struct sch_event event;
    struct sch_subject subject;         /* what the turn would know of header.subject */
    const struct sch_dossier *origin;   /* ... of header.parent or header.follows */
    size_t group_count;                 /* ... of header.group */
    bool gp_key;
    bool id_in_use;
    uint64_t id_count;
    struct sch_id last;                 /* of the last message that was sent */
    struct sch_id referral;
};

/* Monday 2 March 2026, 10:00 in Amsterdam; no dossier yet. */
void step_fixture_init(struct step_fixture *f);

/* Switches an expectation's norms off, or sets the national term of a variant. */
void step_fixture_norm(struct step_fixture *f, unsigned expectation, enum sch_variant variant, int term,
                       enum sch_unit unit);

/* A message of this kind with all that it needs: f->header, to be changed at will before it is sent. */
struct sch_header *step_fixture_message(struct step_fixture *f, enum sch_kind kind);
struct sch_header *step_fixture_referral(struct step_fixture *f, enum step_party from, enum step_party to);
struct sch_header *step_fixture_opening(struct step_fixture *f, enum sch_kind kind, enum step_party from,
                                        enum step_party to);

/* The same from a sender of choice, addressed as the route has it; and a CORRECTION of its own message. */
struct sch_header *step_fixture_message_of(struct step_fixture *f, enum sch_kind kind,
                                           enum step_party sender);
struct sch_header *step_fixture_correction(struct step_fixture *f, struct sch_id subject, enum sch_kind kind,
                                           enum step_party sender);

/* Addresses f->header anew, as the route has it. */
void step_fixture_address(struct step_fixture *f, const struct sch_subject *subject);
void step_fixture_copy(struct step_fixture *f, enum step_party party);

/* Steps f->event, on noise too (step_noise.h); the result of sch_step(). */
int step_fixture_step(struct step_fixture *f);

/* Submits f->header; the result of sch_step(). */
int step_fixture_send(struct step_fixture *f);

/* step_fixture_message() and step_fixture_send(); _on with an event date (days from today). */
int step_fixture_say(struct step_fixture *f, enum sch_kind kind);
int step_fixture_say_on(struct step_fixture *f, enum sch_kind kind, int days);

/* A REDIRECTION, to which the patient agrees where it forwards him, that must succeed; its id. */
struct sch_id step_fixture_redirect(struct step_fixture *f, enum sch_mode mode);

/* A routine referral of the practice, POH in copy, that must succeed. */
void step_fixture_open(struct step_fixture *f, enum step_party to);

int step_fixture_settle(struct step_fixture *f, enum sch_event_type type, struct sch_id message,
                        enum step_party mailbox, uint32_t missing);
int step_fixture_collect(struct step_fixture *f, struct sch_id message, enum step_party mailbox);

/* Sets the clock, or moves it; steps nothing. */
void step_fixture_at(struct step_fixture *f, int64_t now_ms);
void step_fixture_wait(struct step_fixture *f, int days);

/* A DUE event at the present moment. */
int step_fixture_due(struct step_fixture *f);

/* Lets days pass, with a DUE event at each moment that sch_dossier_next_due() names. */
void step_fixture_live(struct step_fixture *f, int days);

/* Today plus days as yyyymmdd. */
int64_t step_fixture_date(const struct step_fixture *f, int days);

/* The effects of the last step: how many of a type, and the n-th of it (NULL past the end). */
size_t step_fixture_count(const struct step_fixture *f, enum sch_effect_type type);
const struct sch_effect *step_fixture_effect(const struct step_fixture *f, enum sch_effect_type type,
                                             size_t n);
/* The first effect of a type about an expectation; NULL when there is none. */
const struct sch_effect *step_fixture_about(const struct step_fixture *f, enum sch_effect_type type,
                                            unsigned expectation);

/* The owed instance of an expectation (not E1); NULL when none is owed. */
const struct sch_instance *step_fixture_owed(const struct step_fixture *f, unsigned expectation);

/* UTC ms at the end, exclusive, of a local date. */
int64_t step_fixture_end_of(int64_t date);

#endif
