/*
 * http.h: /livez, /readyz, /healthz and /metrics on loopback, for systemd, Prometheus and people.
 *
 * A thread of its own that reads nothing but the board: the loop may be stuck, and this still answers. It
 * answers GET and HEAD of four paths and takes no input. Must not know: the turn, sockets, the store.
 */
#ifndef SCH_SHELL_HTTP_H
#define SCH_SHELL_HTTP_H

#include "metrics.h"

#define SCH_HTTP_STUCK_MS 30000         /* nothing published for so long: the loop does not come round */

/* One check of /readyz. */
struct sch_health {
    const char *name;
    bool good;
    const char *why;                    /* constant; "" when good */
};
#define SCH_HEALTH_COUNT 7

/* What /readyz decides on, from a copy of the board that is age_ms old (< 0: nothing was published yet).
 * Returns whether all is good. */
bool sch_health_check(const struct sch_metrics *metrics, int64_t age_ms,
                      struct sch_health health[SCH_HEALTH_COUNT]);

struct sch_http;

/* Listens on host (a loopback address) and port (0: any free). board is borrowed. Errors: IO. */
int sch_http_open(struct sch_http **http, const char *host, uint16_t port, struct sch_board *board,
                  sch_error *error);
void sch_http_close(struct sch_http *http);     /* NULL-safe; waits for the thread */
uint16_t sch_http_port(const struct sch_http *http);

#endif
