/*
 * lives_own.h: what the chapters of a life share.
 *
 * A chapter either goes on to the next, or ends in a silence, which it plants. Chances are in thousandths. They are
 * chosen so that each silence and each detour comes up some dozens of times among 1,500 dossiers; nothing here claims
 * to be a statistic of care.
 */
#ifndef YEAR_LIVES_OWN_H
#define YEAR_LIVES_OWN_H

#include "lives.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define CHAIN_MAX 4
#define SECTIONS_REFERRAL (SCH_SECTION_QUESTION | SCH_SECTION_REASON)

struct life {
    struct ledger *ledger;
    struct sch_prng *prng;
    int64_t t;                          /* when the last thing happened */
    int32_t d;
    int practice, poh;                  /* the patient's; poh may be -1 */
    int receiver;
    int links;                          /* of the chain so far */
    bool over;                          /* the year ended first */
};

/* A letter that lacks something, in one of the three ways in which that is seen; or nothing. */
enum lack { LACKS_NOTHING, LACKS_IN_HEADER, LACKS_ON_OPENING, LACKS_AS_TOLD };

/* lives_say.c */
bool life_chance(struct life *life, unsigned permille);
int life_below(struct life *life, int limit);
void life_settle_moment(struct life *life, int64_t t);
void life_after(struct life *life, int lo, int hi);
void life_after_hours(struct life *life, int lo, int hi);
bool life_read_by(struct life *life, int32_t message, int party);
int64_t life_date_in(const struct life *life, int days);
int32_t life_say(struct life *life, const struct ledger_message *draft);
int32_t life_say_plain(struct life *life, enum sch_kind kind, int sender);
int32_t life_say_fact(struct life *life, enum sch_kind kind, int sender, enum sch_fact fact, int64_t value);
void life_plant(struct life *life, int number, enum sch_silence silence);
enum lack life_draw_lack(struct life *life, unsigned permille);
struct ledger_message life_letter(struct life *life, enum sch_kind kind, int sender, enum lack lack);
void life_tell_lack(struct life *life, int32_t subject, enum lack lack);

/* lives_ggz.c */
void life_sent_away(struct life *life, int32_t message);
void life_end_treatment(struct life *life);
void life_ggz(struct life *life, int32_t referral);

/* lives_open.c */
void life_refer(struct life *life, int32_t follows, int32_t parent, int from);
void life_parallel(struct life *life);
void life_team(struct life *life);
void life_crisis(struct life *life);
void life_exploration(struct life *life);
void life_consult(struct life *life);
void life_care(struct life *life);
void life_involvement(struct life *life);

#endif
