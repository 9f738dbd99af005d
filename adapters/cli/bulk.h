/*
 * bulk.h: an act on many dossiers: what would be done, said before it is done; and what came of it.
 *
 * Must not know: the library's handles. The plan is a value of its rows and of now.
 */
#ifndef SCH_CLI_BULK_H
#define SCH_CLI_BULK_H

#include "cli.h"

/* Why a reminder for a row is not sent; SEND: it is. */
enum sch_remind { SCH_REMIND_SEND = 0, SCH_REMIND_RECENT, SCH_REMIND_UNCOLLECTED };

struct sch_remind_plan {
    size_t send;                        /* reminders */
    size_t parties;                     /* organisations that get one */
    size_t recent;                      /* skipped: reminded less than 48 hours ago */
    size_t uncollected;                 /* skipped: a reminder would lie in the mailbox that nobody empties */
};

enum sch_remind sch_remind_of(const struct sch_unanswered_row *row, int64_t now_ms);
struct sch_remind_plan sch_remind_plan(const struct sch_unanswered_row *rows, size_t count, int64_t now_ms);

/* "Je stuurt 14 herinneringen aan 3 aanbieders; 2 kregen er minder dan 48 uur geleden al een en worden
 * overgeslagen." */
#define SCH_REMIND_TEXT_SIZE 320
const char *sch_remind_preview(const struct sch_remind_plan *plan, char text[SCH_REMIND_TEXT_SIZE]);

/* What came of a bulk act. */
struct sch_bulk {
    size_t done, skipped, failed;
    int first_exit;                     /* of the first failure */
};

/* 0: all done; 8: some failed; the first failure's code: all failed. */
int sch_bulk_exit(const struct sch_bulk *bulk);

#endif
