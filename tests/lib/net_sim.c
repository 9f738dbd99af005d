/*
 * net_sim.c: queues in memory, with the symbols of shell/net_zmq.c.
 */
#include "net_sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOUND_MAX 64                 /* messages to one peer that it did not take: a full pipe */

/* One message in either direction. Bytes are malloc'd, also when empty. */
struct item {
    struct item *next;
    size_t peer;
    size_t frame_count;
    struct sch_bytes first;
    struct sch_bytes second;
};

struct queue {
    struct item *head;
    struct item **tail;
    size_t count;
};

struct sim_peer {
    char key_id[SCH_KEY_ID_MAX + 1];
    bool connected;
    bool stalled;
    struct queue *outbound;             /* on the heap: the table of peers moves when it grows */
};

struct sch_net {
    struct sim_peer *peer;
    size_t peer_count;
    struct queue inbound;
    struct queue lent;
    int64_t last_wait_ms;
};

static void queue_init(struct queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
    queue->count = 0;
}

static void queue_put(struct queue *queue, struct item *item)
{
    item->next = NULL;
    *queue->tail = item;
    queue->tail = &item->next;
    queue->count++;
}

static struct item *queue_get(struct queue *queue)
{
    struct item *item = queue->head;
    if (item == NULL)
        return NULL;
    queue->head = item->next;
    if (queue->head == NULL)
        queue->tail = &queue->head;
    queue->count--;
    return item;
}

static struct sch_bytes copy_bytes(struct sch_bytes bytes)
{
    uint8_t *copy = malloc(bytes.len + 1);
    assert(copy != NULL);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return (struct sch_bytes){ copy, bytes.len };
}

static struct item *item_new(size_t peer, struct sch_bytes first, struct sch_bytes second, size_t frame_count)
{
    struct item *item = calloc(1, sizeof *item);
    assert(item != NULL);
    item->peer = peer;
    item->frame_count = frame_count;
    item->first = copy_bytes(first);
    item->second = copy_bytes(second);
    return item;
}

static void item_free(struct item *item)
{
    free((void *)(uintptr_t)item->first.ptr);
    free((void *)(uintptr_t)item->second.ptr);
    free(item);
}

static void queue_clear(struct queue *queue)
{
    for (struct item *item = queue_get(queue); item != NULL; item = queue_get(queue))
        item_free(item);
}

struct sch_net *sch_net_sim_new(void)
{
    struct sch_net *net = calloc(1, sizeof *net);
    assert(net != NULL);
    queue_init(&net->inbound);
    queue_init(&net->lent);
    return net;
}

void sch_net_sim_free(struct sch_net *net)
{
    if (net == NULL)
        return;
    for (size_t i = 0; i < net->peer_count; i++) {
        queue_clear(net->peer[i].outbound);
        free(net->peer[i].outbound);
    }
    queue_clear(&net->inbound);
    queue_clear(&net->lent);
    free(net->peer);
    free(net);
}

size_t sch_net_sim_connect(struct sch_net *net, const char *key_id)
{
    struct sim_peer *grown = realloc(net->peer, (net->peer_count + 1) * sizeof *grown);
    assert(grown != NULL && strlen(key_id) <= SCH_KEY_ID_MAX);
    net->peer = grown;
    struct sim_peer *made = &grown[net->peer_count];
    memset(made, 0, sizeof *made);
    snprintf(made->key_id, sizeof made->key_id, "%s", key_id);
    made->connected = true;
    made->outbound = calloc(1, sizeof *made->outbound);
    assert(made->outbound != NULL);
    queue_init(made->outbound);
    return net->peer_count++;
}

static struct sim_peer *peer_at(const struct sch_net *net, size_t peer)
{
    assert(peer < net->peer_count);
    return &net->peer[peer];
}

void sch_net_sim_disconnect(struct sch_net *net, size_t peer)
{
    peer_at(net, peer)->connected = false;
    queue_clear(peer_at(net, peer)->outbound);
    struct queue kept;
    queue_init(&kept);
    for (struct item *item = queue_get(&net->inbound); item != NULL; item = queue_get(&net->inbound)) {
        if (item->peer == peer)
            item_free(item);
        else
            queue_put(&kept, item);
    }
    for (struct item *item = queue_get(&kept); item != NULL; item = queue_get(&kept))
        queue_put(&net->inbound, item);
}

void sch_net_sim_disconnect_all(struct sch_net *net)
{
    for (size_t i = 0; i < net->peer_count; i++)
        if (net->peer[i].connected)
            sch_net_sim_disconnect(net, i);
}

bool sch_net_sim_is_connected(const struct sch_net *net, size_t peer)
{
    return peer_at(net, peer)->connected;
}

size_t sch_net_sim_peer_count(const struct sch_net *net)
{
    return net->peer_count;
}

/* Five bytes, as the ids that ROUTER makes: a zero and the number. */
struct sch_peer sch_net_sim_peer(const struct sch_net *net, size_t peer)
{
    struct sch_peer name = { .size = 5 };
    assert(peer < net->peer_count);
    for (size_t i = 0; i < 4; i++)
        name.bytes[4 - i] = (uint8_t)(peer >> (8 * i));
    return name;
}

void sch_net_sim_stall(struct sch_net *net, size_t peer, bool stalled)
{
    peer_at(net, peer)->stalled = stalled;
}

void sch_net_sim_put(struct sch_net *net, size_t peer, struct sch_bytes command, struct sch_bytes body)
{
    sch_net_sim_put_frames(net, peer, command, body, body.len > 0 ? 2 : 1);
}

void sch_net_sim_put_frames(struct sch_net *net, size_t peer, struct sch_bytes command, struct sch_bytes body,
                            size_t frame_count)
{
    assert(peer_at(net, peer)->connected);
    queue_put(&net->inbound, item_new(peer, command, body, frame_count));
}

size_t sch_net_sim_inbound_count(const struct sch_net *net)
{
    return net->inbound.count;
}

bool sch_net_sim_take(struct sch_net *net, size_t peer, struct sch_net_sim_message *message)
{
    struct item *item = queue_get(peer_at(net, peer)->outbound);
    if (item == NULL)
        return false;
    message->reply = item->first;
    message->body = item->second;
    free(item);
    return true;
}

void sch_net_sim_drop(struct sch_net_sim_message *message)
{
    free((void *)(uintptr_t)message->reply.ptr);
    free((void *)(uintptr_t)message->body.ptr);
    memset(message, 0, sizeof *message);
}

size_t sch_net_sim_outbound_count(const struct sch_net *net, size_t peer)
{
    return peer_at(net, peer)->outbound->count;
}

int64_t sch_net_sim_last_wait_ms(const struct sch_net *net)
{
    return net->last_wait_ms;
}

/* ---- the port ----------------------------------------------------------------------------------- */

void sch_net_wait(struct sch_net *net, int64_t timeout_ms)
{
    net->last_wait_ms = timeout_ms;
}

void sch_net_wake(struct sch_net *net)
{
    (void)net;                          /* nobody sleeps here */
}

bool sch_net_recv(struct sch_net *net, struct sch_inbound *message)
{
    struct item *item = queue_get(&net->inbound);
    if (item == NULL)
        return false;
    queue_put(&net->lent, item);
    memset(message, 0, sizeof *message);
    message->peer = sch_net_sim_peer(net, item->peer);
    memcpy(message->key_id, net->peer[item->peer].key_id, sizeof message->key_id);
    message->frame_count = item->frame_count;
    message->command = item->first;
    message->body = item->second;
    return true;
}

void sch_net_release(struct sch_net *net)
{
    queue_clear(&net->lent);
}

static size_t peer_number(const struct sch_peer *peer)
{
    size_t number = 0;
    for (size_t i = 1; i < 5; i++)
        number = number << 8 | peer->bytes[i];
    return number;
}

enum sch_sent sch_net_send(struct sch_net *net, const struct sch_peer *peer, struct sch_bytes reply,
                           struct sch_bytes body)
{
    assert(peer->size == 5);
    size_t number = peer_number(peer);
    struct sim_peer *to = peer_at(net, number);
    if (!to->connected)
        return SCH_SENT_GONE;
    if (to->stalled || to->outbound->count >= OUTBOUND_MAX)
        return SCH_SENT_STALLED;
    queue_put(to->outbound, item_new(number, reply, body, body.len > 0 ? 2 : 1));
    return SCH_SENT;
}
