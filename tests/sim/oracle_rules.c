/*
 * oracle_rules.c: DOMAIN's tables, as the oracle reads them: terms, what answers what, which way a dossier may go.
 */
#include "oracle.h"

#define K(NAME) (UINT64_C(1) << SCH_KIND_##NAME)
#define P(NAME) (UINT32_C(1) << SCH_PHASE_##NAME)

/* ---- terms -------------------------------------------------------------------------------------- */

struct term {
    int count;
    enum almanac_unit unit;
};

static const struct term terms[16] = {
    [1] = { 1, ALMANAC_WORKING },  [2] = { 5, ALMANAC_WORKING },  [3] = { 24, ALMANAC_HOURS },
    [4] = { 4, ALMANAC_WEEKS },    [5] = { 10, ALMANAC_WORKING }, [6] = { 10, ALMANAC_WORKING },
    [7] = { 14, ALMANAC_WEEKS },   [8] = { 365, ALMANAC_DAYS },   [9] = { 10, ALMANAC_WORKING },
    [10] = { 3, ALMANAC_WORKING }, [11] = { 5, ALMANAC_WORKING }, [12] = { 6, ALMANAC_WEEKS },
    [13] = { 3, ALMANAC_WEEKS },   [14] = { 5, ALMANAC_WORKING }, [15] = { 60, ALMANAC_DAYS },
};

int64_t rules_due(unsigned number, bool short_term, int book, int64_t from_ms)
{
    struct term term = terms[number];

    if (short_term)
        term = (struct term){ number == 9 ? 24 : 1, ALMANAC_HOURS };
    else if (book == SIM_BOOK_NORMS && (number == 2 || number == 10))
        term.count += 2;
    else if (book == SIM_BOOK_NORMS && number == 4)
        term.count = 3;
    return almanac_due(NULL, from_ms, term.count, term.unit);
}

int64_t rules_escalation(int64_t due_ms, bool crisis)
{
    return crisis ? due_ms : almanac_due(NULL, due_ms - 1, 5, ALMANAC_WORKING);
}

/* ---- answers ------------------------------------------------------------------------------------ */

#define OVER (K(TREATMENT_END) | K(DISCHARGE_LETTER) | K(BACK_REFERRAL))
#define LATER (K(INTAKE_REPORT) | K(TREATMENT_START) | K(PROGRESS_LETTER) | OVER | K(NO_SHOW) | K(APPOINTMENT) | \
               K(TEAM_RESULT) | K(EXPLORATION_ADVICE) | K(CONSULT_REPLY))
#define DECIDES (K(ACCEPTANCE) | K(REFUSAL) | K(REDIRECTION) | LATER)

/* Whose coming may close each; DOMAIN, "Expectations". */
static const uint64_t closers[16] = {
    [2] = DECIDES | K(INFORMATION_REQUEST),
    [3] = DECIDES,
    [4] = LATER,
    [5] = LATER,
    [6] = K(INTAKE_REPORT),
    [7] = LATER,
    [8] = LATER,
    [9] = K(DISCHARGE_LETTER) | K(BACK_REFERRAL),
    [10] = K(TAKEN_UP) | K(REFERRAL),
    [11] = K(INFORMATION_REPLY),
    [12] = K(TEAM_RESULT),
    [13] = K(EXPLORATION_ADVICE),
    [14] = K(CONSULT_REPLY),
    [15] = K(INTAKE_REPORT) | K(PROGRESS_LETTER) | K(DISCHARGE_LETTER),
};

bool rules_closes(unsigned number, enum sch_standing standing, enum sch_kind kind)
{
    switch (standing) {
    case SCH_STANDING_CLOSED: return (closers[number] & UINT64_C(1) << kind) != 0;
    case SCH_STANDING_WITHHELD: return kind == SCH_KIND_NO_REPORT;
    case SCH_STANDING_WAIVED: return kind == SCH_KIND_WAIVER;
    case SCH_STANDING_CANCELLED: return true;
    default: return false;
    }
}

/* What each may open on. */
static const uint64_t openers[16] = {
    [2] = K(REFERRAL) | K(INFORMATION_REPLY),
    [3] = K(REFERRAL),
    [4] = K(REFERRAL) | DECIDES | K(WAIT_STATUS),
    [5] = K(NO_SHOW),
    [6] = K(APPOINTMENT) | K(INTAKE_REPORT),
    [7] = K(REFERRAL) | DECIDES | K(WAIT_STATUS),
    [8] = K(TREATMENT_START) | K(PROGRESS_LETTER) | K(REFUSAL),
    [9] = OVER,
    [10] = ~UINT64_C(0),
    [11] = K(INFORMATION_REQUEST),
    [12] = K(ACCEPTANCE) | K(TEAM_RESULT),      /* a result that came unasked, and lacks something, is still owed */
    [13] = K(EXPLORATION_REQUEST) | DECIDES,    /* of these three: also what takes a refusal back */
    [14] = K(CONSULT_REQUEST) | DECIDES,
    [15] = K(CARE_NOTICE) | DECIDES,
};

bool rules_opens(unsigned number, enum sch_kind kind)
{
    return number == 1 || (openers[number] & UINT64_C(1) << kind) != 0;
}

/* What must be owed, or have been, when a dossier comes into a phase so: a bit for each number. */
uint32_t rules_owed(enum sch_kind dossier, enum sch_party_kind echelon, enum sch_phase phase, enum sch_kind by)
{
    bool ggz = echelon == SCH_PARTY_GB_GGZ || echelon == SCH_PARTY_S_GGZ, referred = dossier == SCH_KIND_REFERRAL;

    switch (phase) {
    case SCH_PHASE_SENT:
        return dossier == SCH_KIND_CONSULT_REQUEST       ? UINT32_C(1) << 14
               : dossier == SCH_KIND_EXPLORATION_REQUEST ? UINT32_C(1) << 13
               : echelon == SCH_PARTY_CRISIS             ? UINT32_C(1) << 3
               : ggz                                     ? UINT32_C(1) << 2 | UINT32_C(1) << 4 | UINT32_C(1) << 7
               : echelon == SCH_PARTY_WIJKTEAM           ? UINT32_C(1) << 2
                                                         : 0;
    case SCH_PHASE_ACCEPTED:
        return referred && echelon == SCH_PARTY_WIJKTEAM && by == SCH_KIND_ACCEPTANCE ? UINT32_C(1) << 12 : 0;
    case SCH_PHASE_INTAKE_PLANNED:
        return referred && ggz && by == SCH_KIND_APPOINTMENT ? UINT32_C(1) << 6 : 0;
    case SCH_PHASE_IN_TREATMENT:
        return by == SCH_KIND_CARE_NOTICE                                    ? UINT32_C(1) << 15
               : referred && ggz && by == SCH_KIND_TREATMENT_START           ? UINT32_C(1) << 8
                                                                             : 0;
    case SCH_PHASE_ENDED:
        return referred && ggz && by == SCH_KIND_TREATMENT_END ? UINT32_C(1) << 9 : 0;
    case SCH_PHASE_REFUSED:
    case SCH_PHASE_BACK_REFERRED:
    case SCH_PHASE_UNDELIVERED: return by == SCH_KIND_CORRECTION ? 0 : UINT32_C(1) << 10;
    default: return 0;
    }
}

/* ---- permits ------------------------------------------------------------------------------------ */

#define ANYBODY (K(INFORMATION_REQUEST) | K(INFORMATION_REPLY) | K(CORRECTION) | K(WITHDRAWAL) | K(NOTE) | K(SNOOZE) | \
                 K(WAIVER) | K(TAKEN_UP) | K(LETTER_INCOMPLETE))
#define TREATS (K(ACCEPTANCE) | K(REFUSAL) | K(REDIRECTION) | K(INTAKE_REPORT) | K(TREATMENT_END) | K(DISCHARGE_LETTER))

/* "Who may send what", by sender and kind. */
static const uint64_t permits[SCH_PARTY_COUNT] = {
    [SCH_PARTY_GP_PRACTICE] = ANYBODY | K(REFERRAL) | K(CONSULT_REQUEST) | K(EXPLORATION_REQUEST) | K(CHANGE_NOTICE) |
                              K(REFUSAL) | K(INVOLVEMENT_NOTICE),
    [SCH_PARTY_OUT_OF_HOURS] = ANYBODY | K(REFERRAL) | K(CONSULT_REQUEST) | K(CHANGE_NOTICE) | K(REFUSAL) |
                               K(INVOLVEMENT_NOTICE),
    [SCH_PARTY_POH_GGZ] = ANYBODY | K(REFERRAL) | K(CONSULT_REQUEST) | K(EXPLORATION_REQUEST),
    [SCH_PARTY_GB_GGZ] = ~(K(TEAM_RESULT) | K(EXPLORATION_ADVICE) | K(CONSULT_REQUEST) | K(EXPLORATION_REQUEST) |
                           K(INVOLVEMENT_NOTICE) | K(REMINDER)),
    [SCH_PARTY_S_GGZ] = ~(K(TEAM_RESULT) | K(EXPLORATION_ADVICE) | K(CONSULT_REQUEST) | K(EXPLORATION_REQUEST) |
                          K(INVOLVEMENT_NOTICE) | K(REMINDER)),
    [SCH_PARTY_CRISIS] = ANYBODY | TREATS | K(CARE_NOTICE),
    [SCH_PARTY_WIJKTEAM] = ANYBODY | K(ACCEPTANCE) | K(REFUSAL) | K(WAIT_STATUS) | K(TEAM_RESULT) | K(CONSULT_REQUEST) |
                           K(EXPLORATION_REQUEST) | K(INVOLVEMENT_NOTICE),
    [SCH_PARTY_MGN] = ANYBODY | K(ACCEPTANCE) | K(REFUSAL) | K(WAIT_STATUS) | K(EXPLORATION_ADVICE),
    [SCH_PARTY_COORDINATOR] = K(REMINDER) | K(NOTE) | K(SNOOZE) | K(WAIVER),
};

bool rules_permit(enum sch_party_kind sender, enum sch_kind kind)
{
    return (permits[sender] & UINT64_C(1) << kind) != 0;
}

/* ---- phases ------------------------------------------------------------------------------------- */

#define ONWARD (P(INTAKE_DONE) | P(IN_TREATMENT) | P(ENDED) | P(CLOSED) | P(BACK_REFERRED))
#define AWAY (P(REFUSED) | P(REDIRECTED) | P(WITHDRAWN))
#define BACK (P(ACCEPTED) | P(INTAKE_PLANNED) | ONWARD)

static const uint32_t ways[SCH_PHASE_COUNT] = {
    [SCH_PHASE_NONE] = P(SENT) | P(IN_TREATMENT) | P(CLOSED),
    [SCH_PHASE_SENT] = P(ACCEPTED) | P(INTAKE_PLANNED) | ONWARD | AWAY | P(UNDELIVERED),
    [SCH_PHASE_ACCEPTED] = P(INTAKE_PLANNED) | ONWARD | AWAY,
    [SCH_PHASE_INTAKE_PLANNED] = P(INTAKE_PRESUMED) | ONWARD | AWAY,
    [SCH_PHASE_INTAKE_PRESUMED] = P(INTAKE_PLANNED) | ONWARD | AWAY,
    [SCH_PHASE_INTAKE_DONE] = P(IN_TREATMENT) | P(ENDED) | P(CLOSED) | P(BACK_REFERRED),
    [SCH_PHASE_IN_TREATMENT] = P(ENDED) | P(CLOSED) | P(BACK_REFERRED),
    [SCH_PHASE_ENDED] = P(CLOSED) | P(BACK_REFERRED),
    [SCH_PHASE_CLOSED] = P(ENDED),
    [SCH_PHASE_REFUSED] = BACK,
    [SCH_PHASE_REDIRECTED] = BACK,
    [SCH_PHASE_UNDELIVERED] = BACK,
    [SCH_PHASE_BACK_REFERRED] = P(ACCEPTED) | P(INTAKE_PLANNED) | P(IN_TREATMENT),
};

bool rules_leads(enum sch_phase from, enum sch_phase to, enum sch_kind by)
{
    return (ways[from] & UINT32_C(1) << to) != 0 || by == SCH_KIND_CORRECTION;
}

bool rules_is_end(enum sch_phase phase)
{
    return phase >= SCH_PHASE_CLOSED;
}
