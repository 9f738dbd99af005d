/*
 * judge.h: what the broker says, held against what the ledger knows.
 */
#ifndef YEAR_JUDGE_H
#define YEAR_JUDGE_H

#include "play.h"

/* Promises overdue at the looks so far, and silences that lives left on purpose: by kind of silence. */
struct judge {
    uint64_t planted[SCH_SILENCE_COUNT], found[SCH_SILENCE_COUNT];      /* at the last look */
    uint64_t owed[SCH_SILENCE_COUNT], shown[SCH_SILENCE_COUNT];         /* overdue promises, all looks together */
    uint64_t alerts, looks, rows, statistics, ages;
};

/* Asks the coordinator's worklist now, and compares it row by row. last: planted silences too, and filters. */
void judge_worklist(struct judge *judge, struct play *play, bool last);

/* Every alert of the audit, and every REMINDER, against the ladder of every promise. */
void judge_alerts(struct judge *judge, struct play *play);

/* Every receipt was given, and every message came when its mailbox was there. */
void judge_deliveries(struct play *play);

/* Statistics and age tables over the wire against a recomputation from the ledger. */
void judge_statistics(struct judge *judge, struct play *play);
void judge_ages(struct judge *judge, struct play *play);

#endif
