/*
 * floor.c: the reference floor: the bare work that a durable receipt cannot do without, and nothing else.
 *
 * A ROUTER with CURVE and ZAP, three LMDB tables (message of 2.3 KB, mailbox row, due row), one transaction
 * per gathering, receipts after the commit; clients × window DEALERs on the same machine, in this process. It
 * parses nothing, checks nothing and knows no dossier, so that the broker's own figure (make bench) can be
 * read against it. Prints receipts per second and latency. Usage: floor [clients] [window] [seconds] [dir].
 */
#include <assert.h>
#include <inttypes.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define MESSAGE_SIZE 2300
#define GATHER_MAX 1024
#define CLIENTS_MAX 256
#define WINDOW_MAX 256
#define SAMPLES_MAX (1u << 22)
#define KEY_TEXT 41

struct bench {
    void *context;                      /* the server's */
    void *client_context;               /* of its own, as in another process: each end has its I/O thread */
    char server_public[KEY_TEXT], server_secret[KEY_TEXT];
    char client_public[KEY_TEXT], client_secret[KEY_TEXT];
    char endpoint[64];
    atomic_bool stop;
    unsigned clients, window;
    uint64_t *sample_us;                /* latencies; the clients' thread alone writes */
    size_t samples;
    uint64_t receipts, batches;
};

/* ---- ZAP: whoever has the one client key may come in --------------------------------------------- */

static void *zap(void *argument)
{
    struct bench *bench = argument;
    void *socket = zmq_socket(bench->context, ZMQ_REP);
    int wait_ms = 100;
    uint8_t key[32];

    (void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
    bench_must(zmq_bind(socket, "inproc://zeromq.zap.01") == 0, "zap");
    bench_must(zmq_z85_decode(key, bench->client_public) != NULL, "key");
    while (!atomic_load(&bench->stop)) {
        static const char *const tail[] = { "200", "OK", "client", "" };
        char part[8][64];
        int size[8] = { 0 }, count = 0, more = 1;
        size_t more_size = sizeof(more);
        const char *status;

        for (; more != 0 && count < 8; count++) {
            size[count] = zmq_recv(socket, part[count], sizeof(part[0]), 0);
            if (size[count] < 0)
                break;
            (void)zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size);
        }
        if (count < 7)
            continue;
        /* version, request id, domain, address, identity, mechanism, key */
        status = size[6] == 32 && memcmp(part[6], key, sizeof(key)) == 0 ? tail[0] : "400";
        (void)zmq_send(socket, part[0], (size_t)size[0], ZMQ_SNDMORE);
        (void)zmq_send(socket, part[1], (size_t)size[1], ZMQ_SNDMORE);
        (void)zmq_send(socket, status, 3, ZMQ_SNDMORE);
        for (size_t i = 1; i < 4; i++)
            (void)zmq_send(socket, tail[i], strlen(tail[i]), i < 3 ? ZMQ_SNDMORE : 0);
    }
    (void)zmq_close(socket);
    return NULL;
}

/* ---- the server: gather, commit, answer ---------------------------------------------------------- */

struct store {
    MDB_env *env;
    MDB_dbi message, mailbox, due;
    uint64_t sequence;
};

static void store_open(struct store *store, const char *path)
{
    MDB_txn *txn;

    bench_must(mdb_env_create(&store->env) == 0, "environment");
    (void)mdb_env_set_maxdbs(store->env, 3);
    (void)mdb_env_set_mapsize(store->env, (size_t)64 << 30);
    bench_must(mdb_env_open(store->env, path, MDB_NORDAHEAD, 0600) == 0, "store");
    bench_must(mdb_txn_begin(store->env, NULL, 0, &txn) == 0, "transaction");
    bench_must(mdb_dbi_open(txn, "message", MDB_CREATE, &store->message) == 0, "table");
    bench_must(mdb_dbi_open(txn, "mailbox", MDB_CREATE, &store->mailbox) == 0, "table");
    bench_must(mdb_dbi_open(txn, "due", MDB_CREATE, &store->due) == 0, "table");
    bench_must(mdb_txn_commit(txn) == 0, "commit");
}

static void be64(uint8_t bytes[8], uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* The three rows of one message. */
static void store_message(struct store *store, MDB_txn *txn, void *bytes, size_t size)
{
    uint8_t id[16] = { 0 }, mailbox[32] = "agb:06291122", due[24] = { 0 }, row[100] = { 0 };
    MDB_val key = { sizeof(id), id }, value = { size, bytes };

    store->sequence++;
    be64(id, store->sequence);
    bench_must(mdb_put(txn, store->message, &key, &value, 0) == 0, "message");
    be64(mailbox + 16, store->sequence);
    key = (MDB_val){ 24, mailbox };
    value = (MDB_val){ sizeof(row), row };
    bench_must(mdb_put(txn, store->mailbox, &key, &value, 0) == 0, "mailbox");
    be64(due, store->sequence * 1000);
    memcpy(due + 8, id, sizeof(id));
    key = (MDB_val){ sizeof(due), due };
    value = (MDB_val){ 0, row };
    bench_must(mdb_put(txn, store->due, &key, &value, 0) == 0, "due");
}

struct frames {
    zmq_msg_t peer, command, body;
};

/* One message; false when none is there. */
static bool receive(void *router, struct frames *frames)
{
    (void)zmq_msg_init(&frames->peer);
    if (zmq_msg_recv(&frames->peer, router, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&frames->peer);
        return false;
    }
    (void)zmq_msg_init(&frames->command);
    (void)zmq_msg_init(&frames->body);
    bench_must(zmq_msg_recv(&frames->command, router, 0) >= 0, "command");
    bench_must(zmq_msg_recv(&frames->body, router, 0) >= 0, "body");
    return true;
}

static void turn(void *router, struct store *store, struct frames *frames, struct bench *bench)
{
    size_t count = 0;
    MDB_txn *txn;

    while (count < GATHER_MAX && receive(router, &frames[count]))
        count++;
    if (count == 0)
        return;
    bench_must(mdb_txn_begin(store->env, NULL, 0, &txn) == 0, "transaction");
    for (size_t i = 0; i < count; i++)
        store_message(store, txn, zmq_msg_data(&frames[i].body), zmq_msg_size(&frames[i].body));
    bench_must(mdb_txn_commit(txn) == 0, "commit");
    for (size_t i = 0; i < count; i++) {
        (void)zmq_msg_send(&frames[i].peer, router, ZMQ_SNDMORE | ZMQ_DONTWAIT);
        (void)zmq_msg_send(&frames[i].command, router, ZMQ_DONTWAIT);
        (void)zmq_msg_close(&frames[i].body);
    }
    bench->receipts += count;
    bench->batches++;
}

static void *serve(void *argument)
{
    static struct frames frames[GATHER_MAX];
    char path[] = "floor-XXXXXX", file[64];
    struct bench *bench = argument;
    void *router = zmq_socket(bench->context, ZMQ_ROUTER);
    struct store store = { .sequence = 0 };
    int one = 1, none = 0;

    bench_must(mkdtemp(path) != NULL, "directory");
    store_open(&store, path);
    (void)zmq_setsockopt(router, ZMQ_CURVE_SERVER, &one, sizeof(one));
    (void)zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, bench->server_secret, KEY_TEXT);
    (void)zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &one, sizeof(one));
    (void)zmq_setsockopt(router, ZMQ_LINGER, &none, sizeof(none));
    bench_must(zmq_bind(router, bench->endpoint) == 0, "bind");
    while (!atomic_load(&bench->stop)) {
        zmq_pollitem_t item = { router, 0, ZMQ_POLLIN, 0 };

        if (zmq_poll(&item, 1, 100) > 0)
            turn(router, &store, frames, bench);
    }
    (void)zmq_close(router);
    mdb_env_close(store.env);
    (void)snprintf(file, sizeof(file), "%s/data.mdb", path);
    (void)unlink(file);
    (void)snprintf(file, sizeof(file), "%s/lock.mdb", path);
    (void)unlink(file);
    (void)rmdir(path);
    return NULL;
}

/* ---- the clients: all in one thread -------------------------------------------------------------- */

static void send_one(void *dealer)
{
    static const uint8_t body[MESSAGE_SIZE];
    uint64_t sent_us = bench_us(CLOCK_MONOTONIC);

    (void)zmq_send(dealer, &sent_us, sizeof(sent_us), ZMQ_SNDMORE);
    bench_must(zmq_send(dealer, body, sizeof(body), 0) == MESSAGE_SIZE, "send");
}

static void *dealer_new(const struct bench *bench)
{
    void *dealer = zmq_socket(bench->client_context, ZMQ_DEALER);
    int none = 0;

    (void)zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, bench->server_public, KEY_TEXT);
    (void)zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, bench->client_public, KEY_TEXT);
    (void)zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, bench->client_secret, KEY_TEXT);
    (void)zmq_setsockopt(dealer, ZMQ_LINGER, &none, sizeof(none));
    bench_must(zmq_connect(dealer, bench->endpoint) == 0, "connect");
    return dealer;
}

/* Takes all receipts that are there, and sends one message for each. */
static void pump(struct bench *bench, void *dealer)
{
    uint64_t sent_us;

    while (zmq_recv(dealer, &sent_us, sizeof(sent_us), ZMQ_DONTWAIT) == (int)sizeof(sent_us)) {
        if (bench->samples < SAMPLES_MAX)
            bench->sample_us[bench->samples++] = bench_us(CLOCK_MONOTONIC) - sent_us;
        send_one(dealer);
    }
}

static uint64_t run_clients(struct bench *bench, unsigned seconds)
{
    static zmq_pollitem_t item[CLIENTS_MAX];
    uint64_t start_us, end_us;
    unsigned warm_up_ms = 500;

    for (unsigned i = 0; i < bench->clients; i++) {
        item[i] = (zmq_pollitem_t){ dealer_new(bench), 0, ZMQ_POLLIN, 0 };
        for (unsigned w = 0; w < bench->window; w++)
            send_one(item[i].socket);
    }
    start_us = bench_us(CLOCK_MONOTONIC) + warm_up_ms * 1000u;
    end_us = start_us + seconds * UINT64_C(1000000);
    for (bool warm = false; bench_us(CLOCK_MONOTONIC) < end_us;) {
        if (!warm && bench_us(CLOCK_MONOTONIC) >= start_us) {
            warm = true;
            bench->samples = 0;
        }
        if (zmq_poll(item, (int)bench->clients, 100) <= 0)
            continue;
        for (unsigned i = 0; i < bench->clients; i++)
            if ((item[i].revents & ZMQ_POLLIN) != 0)
                pump(bench, item[i].socket);
    }
    end_us = bench_us(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < bench->clients; i++)
        (void)zmq_close(item[i].socket);
    return end_us - start_us;
}

/* ---- main -------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
    struct bench bench = { .clients = bench_number(argc, argv, 1, 16, CLIENTS_MAX),
                           .window = bench_number(argc, argv, 2, 8, WINDOW_MAX) };
    unsigned seconds = bench_number(argc, argv, 3, 5, 600);
    pthread_t zap_thread, server_thread;
    uint64_t took_us;

    bench_must(argc <= 4 || chdir(argv[4]) == 0, "directory");
    bench.sample_us = calloc(SAMPLES_MAX, sizeof(*bench.sample_us));
    bench.context = zmq_ctx_new();
    bench.client_context = zmq_ctx_new();
    bench_must(bench.sample_us != NULL && bench.context != NULL && bench.client_context != NULL, "memory");
    bench_must(zmq_curve_keypair(bench.server_public, bench.server_secret) == 0, "keys");
    bench_must(zmq_curve_keypair(bench.client_public, bench.client_secret) == 0, "keys");
    (void)snprintf(bench.endpoint, sizeof(bench.endpoint), "tcp://127.0.0.1:%u",
                   20000u + (unsigned)getpid() % 20000u);
    bench_must(pthread_create(&zap_thread, NULL, zap, &bench) == 0, "thread");
    (void)usleep(50000);                /* ZAP listens before the first handshake */
    bench_must(pthread_create(&server_thread, NULL, serve, &bench) == 0, "thread");
    took_us = run_clients(&bench, seconds);
    atomic_store(&bench.stop, true);
    (void)pthread_join(server_thread, NULL);
    (void)pthread_join(zap_thread, NULL);
    (void)zmq_ctx_term(bench.context);
    (void)zmq_ctx_term(bench.client_context);
    qsort(bench.sample_us, bench.samples, sizeof(*bench.sample_us), bench_by_size);
    (void)printf("floor %u x %u: %.0f receipts/s, p50 %.1f ms, p99 %.1f ms, %.1f per commit\n", bench.clients,
                 bench.window, (double)bench.samples * 1e6 / (double)took_us,
                 bench_percentile_ms(bench.sample_us, bench.samples, 50),
                 bench_percentile_ms(bench.sample_us, bench.samples, 99),
                 bench.batches > 0 ? (double)bench.receipts / (double)bench.batches : 0.0);
    free(bench.sample_us);
    return 0;
}
