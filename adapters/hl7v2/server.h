/*
 * server.h: the MLLP listener: connections that send messages and wait for their acknowledgements.
 *
 * One message per connection at a time: reading goes on when it was answered. An acknowledgement is one
 * send() of the whole frame. A connection that speaks no MLLP is closed; so is one that stops within a
 * frame for a minute. Nothing here blocks: the caller polls. Must not know: HL7, the broker.
 */
#ifndef SCH_HL7V2_SERVER_H
#define SCH_HL7V2_SERVER_H

#include <poll.h>

#include <scharnier/error.h>
#include <scharnier/types.h>

#define SCH_SERVER_CONNECTIONS_MAX 64
#define SCH_SERVER_STALL_MS 60000       /* within a frame, or an acknowledgement that is not read */

struct sch_server;

/* Called with each message; text dies on return. Answer with sch_server_reply(), now or later, or close
 * with sch_server_drop(). whole is false for the head of an oversize message. */
typedef void sch_server_on_message(void *context, uint64_t connection, struct sch_bytes text, bool whole);

/* What happened to connections, for logs: "connected", "closed", "garbage", "stalled", "half frame". */
typedef void sch_server_on_event(void *context, uint64_t connection, const char *what);

/* Listens on address (numeric) and port (0: any). limit: bytes of a message. NULL: IO, USAGE. */
struct sch_server *sch_server_open(const char *address, uint16_t port, size_t limit,
                                   sch_server_on_message *on_message, sch_server_on_event *on_event,
                                   void *context, sch_error *error);
void sch_server_close(struct sch_server *server);
uint16_t sch_server_port(const struct sch_server *server);

/* No new connections and no new messages from now on; answers still go out. */
void sch_server_drain(struct sch_server *server);

/* Fills fds (room for SCH_SERVER_CONNECTIONS_MAX + 1); returns their number. */
size_t sch_server_poll(struct sch_server *server, struct pollfd *fds);
/* Handles what poll() found in the same fds. */
void sch_server_step(struct sch_server *server, const struct pollfd *fds, size_t count, int64_t mono_ms);

/* Answers the message of a connection. A connection that is gone is not an error: its peer will resend. */
void sch_server_reply(struct sch_server *server, uint64_t connection, struct sch_bytes text, int64_t mono_ms);
void sch_server_drop(struct sch_server *server, uint64_t connection);

#endif
