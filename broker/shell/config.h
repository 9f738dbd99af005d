/*
 * config.h: scharnierd.conf as values. adapters/examples/scharnierd.conf explains every key.
 *
 * Reading goes on after an error, so that one run shows all that is wrong. Relative paths count from the
 * configuration's own directory. Reading opens nothing but files: no sockets, no store.
 *
 * Must not know: how anything that is configured works.
 */
#ifndef SCH_SHELL_CONFIG_H
#define SCH_SHELL_CONFIG_H

#include <stdio.h>

#include "book.h"
#include "clock_posix.h"
#include "log.h"
#include "net_zmq.h"
#include "seal.h"

#define SCH_CONFIG_PATH_MAX 255

struct sch_config {
    char path[SCH_CONFIG_PATH_MAX + 1];             /* of the file itself */
    char listen[SCH_NET_ENDPOINTS_MAX][SCH_NET_ENDPOINT_MAX + 1];
    size_t listen_count;
    char curve_key[SCH_CONFIG_PATH_MAX + 1];
    struct sch_key_pair key;                        /* read from curve_key */
    char store[SCH_CONFIG_PATH_MAX + 1];
    uint64_t map_bytes;                             /* 0: the store's default */
    uint64_t reserve_bytes;
    bool verify_signatures;
    unsigned io_threads;
    bool development;
    enum sch_log_format log_format;
    enum sch_log_level log_level;
    struct sch_book_source book;
    bool http;
    char http_host[64];                             /* a loopback address */
    uint16_t http_port;                             /* 0: any free one */
    struct sch_clock_options clock;
    int64_t e1_hold_ms;
    unsigned error_count;
    unsigned warning_count;
};

/* One line per error or warning: "FILE:14: error: unknown key …", "FILE: warning: mode 0640 …". */
typedef void sch_config_report_fn(void *context, const char *line);

/*
 * Reads path into *config. SCH_OK, also with warnings, or the first error's code (CONFIG, KEY_FILE, IO).
 * Every error and warning goes to report (may be NULL) and is counted.
 */
int sch_config_load(struct sch_config *config, const char *path, sch_config_report_fn *report, void *context,
                    sch_error *error);

/* Wipes the secret key. */
void sch_config_close(struct sch_config *config);

/* What a running broker cannot change: the first key that differs, NULL when nothing of that kind does. */
const char *sch_config_fixed(const struct sch_config *running, const struct sch_config *fresh);

/*
 * --check-config: reads everything that the file names, prints every fault to out and ends with
 * "not valid: 1 error, 1 warning" or "valid: …". Returns the exit code: 0 or 6.
 */
int sch_config_print_check(const char *path, int64_t now_ms, FILE *out);

#endif
