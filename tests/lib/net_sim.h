/*
 * net_sim.h: the net port in memory: a test plays the peers.
 *
 * Messages go in and come out in the order in which they were put; nothing is lost, doubled or delayed
 * here: the simulator does that, before it puts. Never waits: sch_net_wait() notes what was asked and
 * returns. The same calls always give the same bytes.
 */
#ifndef SCH_TEST_NET_SIM_H
#define SCH_TEST_NET_SIM_H

#include "ports.h"

/* Gives a net without peers; never NULL. */
struct sch_net *sch_net_sim_new(void);
void sch_net_sim_free(struct sch_net *net);

/* A new connection, proven as key_id. Returns its number: 0, 1, 2 …; numbers are never used again. */
size_t sch_net_sim_connect(struct sch_net *net, const char *key_id);

/* The connection ends: what it put and nobody read, and what nobody took, is lost; sends give GONE. */
void sch_net_sim_disconnect(struct sch_net *net, size_t peer);
/* All of them: the broker's process died. */
void sch_net_sim_disconnect_all(struct sch_net *net);
bool sch_net_sim_is_connected(const struct sch_net *net, size_t peer);
size_t sch_net_sim_peer_count(const struct sch_net *net);

/* The turn's own name of a connection. */
struct sch_peer sch_net_sim_peer(const struct sch_net *net, size_t peer);

/* Sends to it give STALLED, until false; so they do when it has 64 messages that were not taken. */
void sch_net_sim_stall(struct sch_net *net, size_t peer, bool stalled);

/* The peer sends a command, with a body when body.len > 0; copied. put_frames: with so many frames in all. */
void sch_net_sim_put(struct sch_net *net, size_t peer, struct sch_bytes command, struct sch_bytes body);
void sch_net_sim_put_frames(struct sch_net *net, size_t peer, struct sch_bytes command, struct sch_bytes body,
                            size_t frame_count);

/* Messages that were put and not yet read by the turn. */
size_t sch_net_sim_inbound_count(const struct sch_net *net);

/* A message that the turn sent. The bytes are the test's: free with sch_net_sim_drop(). */
struct sch_net_sim_message {
    struct sch_bytes reply;
    struct sch_bytes body;
};

/* The oldest message to this peer that was not taken; false when there is none. */
bool sch_net_sim_take(struct sch_net *net, size_t peer, struct sch_net_sim_message *message);
void sch_net_sim_drop(struct sch_net_sim_message *message);
size_t sch_net_sim_outbound_count(const struct sch_net *net, size_t peer);

/* What the last sch_net_wait() asked for. */
int64_t sch_net_sim_last_wait_ms(const struct sch_net *net);

#endif
