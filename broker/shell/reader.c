/*
 * reader.c: one thread that answers queries from the store. See reader.h.
 *
 * The thread takes the oldest job, runs it without the lock, and lays it with those that are done. It reads
 * the store only, by transactions of its own, and never speaks to a peer.
 */
#include "shell/reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct sch_reader {
    struct sch_store *store;
    struct sch_net *net;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;             /* there is a job, or the end */
    atomic_bool stop;
    struct sch_peer running_for;        /* under the lock, as the next three: whose job runs */
    bool running;
    struct sch_reader_queue waiting, done;
    size_t pending;                     /* the turn's alone */
};

static void *read_on(void *context)
{
    struct sch_reader *reader = context;

    pthread_mutex_lock(&reader->lock);
    while (!atomic_load(&reader->stop)) {
        struct sch_reader_job *job = sch_reader_queue_take(&reader->waiting);

        if (job == NULL) {
            pthread_cond_wait(&reader->changed, &reader->lock);
            continue;
        }
        reader->running = true;
        reader->running_for = job->peer;
        pthread_mutex_unlock(&reader->lock);
        sch_reader_job_run(job, reader->store, &reader->stop);
        pthread_mutex_lock(&reader->lock);
        reader->running = false;
        sch_reader_queue_put(&reader->done, job);
        sch_net_wake(reader->net);
    }
    pthread_mutex_unlock(&reader->lock);
    return NULL;
}

/* Signals are the main thread's: they end its wait. */
static int start(struct sch_reader *reader)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&reader->thread, NULL, read_on, reader);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int sch_reader_open(struct sch_reader **out, struct sch_store *store, struct sch_net *net, sch_error *error)
{
    struct sch_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        goto fail;
    reader->store = store;
    reader->net = net;
    atomic_init(&reader->stop, false);
    if (pthread_mutex_init(&reader->lock, NULL) != 0)
        goto fail_lock;
    if (pthread_cond_init(&reader->changed, NULL) != 0)
        goto fail_changed;
    if (start(reader) != 0)
        goto fail_thread;
    *out = reader;
    return SCH_OK;

fail_thread:
    pthread_cond_destroy(&reader->changed);
fail_changed:
    pthread_mutex_destroy(&reader->lock);
fail_lock:
    free(reader);
fail:
    return sch_fail(error, SCH_E_NO_MEMORY, "the thread that answers queries");
}

void sch_reader_close(struct sch_reader *reader)
{
    if (reader == NULL)
        return;
    pthread_mutex_lock(&reader->lock);
    atomic_store(&reader->stop, true);
    pthread_cond_signal(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    sch_reader_queue_close(&reader->waiting);
    sch_reader_queue_close(&reader->done);
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

static size_t pending_of(const struct sch_reader *reader, const struct sch_peer *peer)
{
    bool running = reader->running && reader->running_for.size == peer->size &&
                   memcmp(reader->running_for.bytes, peer->bytes, peer->size) == 0;

    return sch_reader_queue_of(&reader->waiting, peer) + sch_reader_queue_of(&reader->done, peer) + running;
}

int sch_reader_put(struct sch_reader *reader, const struct sch_reader_job *job)
{
    struct sch_reader_job *copy;
    bool busy;

    pthread_mutex_lock(&reader->lock);
    busy = pending_of(reader, &job->peer) >= SCH_READER_PEER_JOBS_MAX;
    pthread_mutex_unlock(&reader->lock);
    if (busy || reader->pending >= SCH_READER_JOBS_MAX)
        return SCH_E_BROKER_BUSY;
    copy = sch_reader_job_new(job);
    if (copy == NULL)
        return SCH_E_NO_MEMORY;
    reader->pending++;
    pthread_mutex_lock(&reader->lock);
    sch_reader_queue_put(&reader->waiting, copy);
    pthread_cond_signal(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    return SCH_OK;
}

struct sch_reader_job *sch_reader_take(struct sch_reader *reader)
{
    struct sch_reader_job *job;

    if (reader->pending == 0)
        return NULL;
    pthread_mutex_lock(&reader->lock);
    job = sch_reader_queue_take(&reader->done);
    pthread_mutex_unlock(&reader->lock);
    if (job != NULL)
        reader->pending--;
    return job;
}

size_t sch_reader_pending(const struct sch_reader *reader)
{
    return reader->pending;
}
