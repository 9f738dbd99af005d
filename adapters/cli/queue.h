/*
 * queue.h: the lines of the broker's queue (broker/shell/queue.h) as values, for `queue` and `check queue`.
 */
#ifndef SCH_CLI_QUEUE_H
#define SCH_CLI_QUEUE_H

#include "cli.h"

struct sch_queue_line {
    char mailbox[SCH_ADDRESS_MAX + 1];
    unsigned long long waiting, leased, backing_off;
    int64_t oldest_ms;                  /* 0: nothing waits */
    bool held;
};

/* Asks for every mailbox, page by page, and hands each to take. SCH_OK, or sch_cli_control()'s errors. */
int sch_queue_each(const struct sch_cli *cli, void (*take)(void *context, const struct sch_queue_line *line),
                   void *context, sch_error *error);

/* The broker's civil time, from its status: 0 with *error when it does not answer. */
int64_t sch_queue_now_ms(const struct sch_cli *cli, sch_error *error);

/* "12 min", "3 h", "2 d": how long, in the largest unit that says it. */
const char *sch_queue_duration(int64_t ms, char text[24]);

#endif
