/*
 * reader_job.c: jobs and queues of them, without threads. See reader.h.
 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

/* ---- jobs --------------------------------------------------------------------------------------- */

struct sch_reader_job *sch_reader_job_new(const struct sch_reader_job *job)
{
    struct sch_reader_job *copy = calloc(1, sizeof *copy);

    if (copy == NULL)
        return NULL;
    copy->peer = job->peer;
    copy->request = job->request;
    copy->permit = job->permit;
    copy->now_ms = job->now_ms;
    return copy;
}

void sch_reader_job_run(struct sch_reader_job *job, struct sch_store *store, const atomic_bool *stop)
{
    job->code = sch_arena_init(&job->arena, SCH_QUERY_ARENA_SIZE);
    if (job->code == SCH_OK)
        job->code = sch_query_run(store, &job->permit, job->now_ms, stop, &job->arena, &job->page);
}

void sch_reader_free(struct sch_reader_job *job)
{
    if (job == NULL)
        return;
    sch_arena_close(&job->arena);
    free(job);
}

/* ---- queues ------------------------------------------------------------------------------------- */

void sch_reader_queue_put(struct sch_reader_queue *queue, struct sch_reader_job *job)
{
    job->next = NULL;
    if (queue->head == NULL)
        queue->head = job;
    else
        queue->last->next = job;
    queue->last = job;
    queue->count++;
}

struct sch_reader_job *sch_reader_queue_take(struct sch_reader_queue *queue)
{
    struct sch_reader_job *job = queue->head;

    if (job == NULL)
        return NULL;
    queue->head = job->next;
    queue->count--;
    return job;
}

size_t sch_reader_queue_of(const struct sch_reader_queue *queue, const struct sch_peer *peer)
{
    size_t count = 0;

    for (const struct sch_reader_job *job = queue->head; job != NULL; job = job->next)
        count += job->peer.size == peer->size && memcmp(job->peer.bytes, peer->bytes, peer->size) == 0;
    return count;
}

void sch_reader_queue_close(struct sch_reader_queue *queue)
{
    struct sch_reader_job *job;

    while ((job = sch_reader_queue_take(queue)) != NULL)
        sch_reader_free(job);
}
