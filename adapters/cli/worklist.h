/*
 * worklist.h: a row of the worklist, as JSON and as cells: one form for the screen, the export and the
 * preview.
 */
#ifndef SCH_CLI_WORKLIST_H
#define SCH_CLI_WORKLIST_H

#include "cli.h"

/* The object of one promise: fields are added here, never renamed. */
json_t *sch_worklist_json(const struct sch_unanswered_row *row, int64_t now_ms);

/* The places of a page's rows, each dossier's together and what is due first in it first; to be freed. NULL:
 * out of memory. */
size_t *sch_worklist_order(const struct sch_page *page);

/* "bericht na intake"; with whoever owes it, when that is not the receiver. */
#define SCH_WORKLIST_AWAITED_SIZE 192
const char *sch_worklist_awaited(struct sch_cli *cli, const struct sch_unanswered_row *row,
                                 char text[SCH_WORKLIST_AWAITED_SIZE]);

/* "GGZ Noordrand (S-GGZ)". */
const char *sch_worklist_receiver(struct sch_cli *cli, const char *address, enum sch_party_kind echelon,
                                  char text[SCH_WORKLIST_AWAITED_SIZE]);

/* "huisarts", "S-GGZ": the short word for a kind of party. Constant. */
const char *sch_worklist_echelon(enum sch_party_kind kind);

/* Local days since the referral. */
int sch_worklist_days(int64_t referred_ms, int64_t now_ms);

#endif
