/*
 * play.h: one dossier of some sort, played over the wire word by word: for tests that try every event
 * everywhere.
 *
 * A word is a kind of message ("ACCEPTANCE"), perhaps with ways to say it ("INTAKE_REPORT/NO_TREATMENT"), a
 * settlement ("COLLECT", "REFUSE", "EXHAUST"), another dossier that has to do with this one ("FOLLOW",
 * "FORWARD", "SIBLING"), or time ("+1d"). Each goes as bytes through codec, turn and core; headers are valid
 * by DOMAIN.md's tables. The ways:
 *
 *   PRACTICE, TREATING, COORDINATOR     who sends or settles, when it is not the kind's usual sender
 *   INCOMPLETE                          a letter that says to have no section
 *   NO_TREATMENT, NOT_YET, FORWARDED, GGZ, CLINICAL, WRONG_PARTY    what it says
 *   OPENING                             about the message that opened the dossier
 *   E6, OPEN                            of which promise; OPEN: the first that is owed, E1 excepted
 *   MISSING                             a collected letter was found to lack every section
 */
#ifndef SCH_TEST_PLAY_H
#define SCH_TEST_PLAY_H

#include "stage.h"

#define PLAY_SAID_MAX 32
#define PLAY_ROWS_MAX 512
#define PLAY_NOTHING (-1)               /* the word found nothing to act on */

/* What sort of dossier: who opens it with whom. The practice is always linde. */
enum play_setting {
    PLAY_CARE = 0,                      /* linde REFERS TO haven, in a group */
    PLAY_TEAM,                          /* linde REFERS TO wijkteam-zuid */
    PLAY_CRISIS,                        /* linde REFERS TO crisisdienst */
    PLAY_CONSULT,                       /* linde asks haven */
    PLAY_TALK,                          /* linde asks mgn */
    PLAY_NOTICE,                        /* haven tells linde of care without a referral */
    PLAY_INVOLVED,                      /* wijkteam-zuid tells linde that it is involved */
    PLAY_SETTINGS
};

struct play {
    struct stage stage;                 /* its broker may have played other dossiers before */
    size_t plays;                       /* since it started; 0: it does not run */
    enum play_setting setting;
    const char *treats;                 /* who treats, or should */
    struct sch_id dossier, group;
    struct sch_header said[PLAY_SAID_MAX];      /* what was taken, the opening message first */
    size_t said_count;
    int code;                           /* of the last word: SCH_OK, a rejection, PLAY_NOTHING */
    char field[64];
    struct sch_trace_row row[PLAY_ROWS_MAX];
    size_t row_count;
    struct sch_unanswered_row owed[64];
    size_t owed_count;
};

/* A broker at 2027-01-11 09:00, and a dossier's opening message that is written but not yet sent. *play
 * begins zeroed. The broker of the play before is used again, as long as no time passed in it. */
void play_open(struct play *play, const struct sch_book *book, enum play_setting setting);
/* After the last play. */
void play_close(struct play *play);

/* Plays one word; "OPENS" sends the opening message. Returns play->code. */
int play_word(struct play *play, const char *word);

/* Plays words that are separated by blanks, each of which must be taken: false, and at that word, otherwise.
 */
bool play_words(struct play *play, const char *words);

/* As the practice sees it: NONE when it is told that there is no such dossier. */
enum sch_phase play_phase(struct play *play);

/* Reads row[] and owed[] anew. */
void play_read(struct play *play);

/* After play_read(): the owed promise of this number, NULL when none is; and how the last one that ended did
 * (0: none ended). */
const struct sch_unanswered_row *play_owed(const struct play *play, unsigned number);
enum sch_standing play_ended(const struct play *play, unsigned number);

#endif
