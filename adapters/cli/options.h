/*
 * options.h: the options of each command, each list ended by a NULL name. For table.c alone.
 */
#ifndef SCH_CLI_OPTIONS_H
#define SCH_CLI_OPTIONS_H

#include "cli.h"

extern const struct sch_cli_option sch_options_dev[],
    sch_options_keygen[],
    sch_options_sign[],
    sch_options_verify[],
    sch_options_party[],
    sch_options_send[],
    sch_options_answer[],
    sch_options_withdraw[],
    sch_options_inbox[],
    sch_options_read[],
    sch_options_reject[],
    sch_options_tail[],
    sch_options_norm[],
    sch_options_due[],
    sch_options_list[],
    sch_options_trace[],
    sch_options_unanswered_ls[],
    sch_options_unanswered_age[],
    sch_options_unanswered_stats[],
    sch_options_remind[],
    sch_options_snooze[],
    sch_options_waive[],
    sch_options_note[],
    sch_options_taken_up[],
    sch_options_incomplete[],
    sch_options_reconcile[],
    sch_options_export_referrals[],
    sch_options_export_unanswered[],
    sch_options_norm_diff[],
    sch_options_norm_load[],
    sch_options_store[],
    sch_options_check_client[],
    sch_options_check_loop[],
    sch_options_check_store[],
    sch_options_config_check[],
    sch_options_help[];

#endif
