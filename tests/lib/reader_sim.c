/*
 * reader_sim.c: the reader of shell/reader.h without a thread: a job runs when it is put, and is taken back
 * in the same turn. Deterministic; the bounds are those of the real one.
 */
#include "shell/reader.h"

#include <stdlib.h>

struct sch_reader {
    struct sch_store *store;
    struct sch_net *net;
    struct sch_reader_queue done;
};

int sch_reader_open(struct sch_reader **out, struct sch_store *store, struct sch_net *net, sch_error *error)
{
    struct sch_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "the reader");
    reader->store = store;
    reader->net = net;
    *out = reader;
    return SCH_OK;
}

void sch_reader_close(struct sch_reader *reader)
{
    if (reader == NULL)
        return;
    sch_reader_queue_close(&reader->done);
    free(reader);
}

int sch_reader_put(struct sch_reader *reader, const struct sch_reader_job *job)
{
    struct sch_reader_job *copy;

    if (reader->done.count >= SCH_READER_JOBS_MAX ||
        sch_reader_queue_of(&reader->done, &job->peer) >= SCH_READER_PEER_JOBS_MAX)
        return SCH_E_BROKER_BUSY;
    copy = sch_reader_job_new(job);
    if (copy == NULL)
        return SCH_E_NO_MEMORY;
    sch_reader_job_run(copy, reader->store, NULL);
    sch_reader_queue_put(&reader->done, copy);
    sch_net_wake(reader->net);
    return SCH_OK;
}

struct sch_reader_job *sch_reader_take(struct sch_reader *reader)
{
    return sch_reader_queue_take(&reader->done);
}

size_t sch_reader_pending(const struct sch_reader *reader)
{
    return reader->done.count;
}
