/* referral.h: a dossier's row as JSON, for whoever lists dossiers. */
#ifndef SCH_CLI_REFERRAL_H
#define SCH_CLI_REFERRAL_H

#include "cli.h"

json_t *sch_referral_json(const struct sch_dossier_row *row);

#endif
