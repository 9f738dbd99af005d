/*
 * config.h: the adapter's configuration file. adapters/examples/hl7v2-his.conf shows every key.
 */
#ifndef SCH_HL7V2_CONFIG_H
#define SCH_HL7V2_CONFIG_H

#include <limits.h>

#include <scharnier/error.h>
#include <scharnier/types.h>

enum sch_side { SCH_SIDE_HIS = 1, SCH_SIDE_EPD };

struct sch_hl7v2_config {
    enum sch_side side;
    char client_config[PATH_MAX];       /* of libscharnier */
    char map[PATH_MAX];
    char state[PATH_MAX];               /* directory */
    bool log_json;
    char listen_address[64];
    uint64_t listen_port;               /* 0: any */
    uint64_t frame_max;                 /* bytes */
    uint64_t answer_ms;                 /* how long a sender waits for AA before it gets AE */
    uint64_t keep_days;                 /* of the correlation table; 0: for ever */
    uint64_t window;                    /* messages held for the peer at a time */
    char peer_host[256];
    uint64_t peer_port;
    uint64_t ack_timeout_ms;
};

/* Reads path; relative paths in it are relative to its directory. Every wrong line goes to report (may be
 * NULL). SCH_OK, or the first error: IO, CONFIG. */
int sch_hl7v2_config_read(const char *path, void (*report)(void *context, const char *line), void *context,
                          struct sch_hl7v2_config *config, sch_error *error);

#endif
