/* receive.c: collects messages until SIGINT. cc receive.c $(pkg-config --cflags --libs scharnier) */
#include <scharnier/client.h>
#include <signal.h>
#include <stdio.h>

static sch_client *client;

static void stop(int number)
{
    (void)number;
    sch_stop(client);
}

/* Yours: store the message, its id in the same transaction. Here it is only shown. */
static bool store(const sch_msg *msg, FILE *out)
{
    const char *question = sch_msg_section(msg, 0);
    return fprintf(out, "%s  kind %d  from %s  %zu files  %s\n", sch_msg_kenmerk(msg),
                   (int)sch_msg_header(msg)->kind, sch_msg_sender_name(msg), sch_msg_attachment_count(msg),
                   question ? question : "") > 0;
}

static sch_verdict on_msg(const sch_msg *msg, void *out)
{
    return store(msg, out) ? SCH_COLLECT                /* now it leaves the mailbox */
                           : SCH_RETRY;                 /* offered again, with back-off */
}

int main(int argc, char **argv)
{
    sch_error error = SCH_ERROR_INIT;
    client = argc == 2 ? sch_open(argv[1], &error) : NULL;
    if (!client)
        return argc == 2 ? sch_perror(&error) : (fprintf(stderr, "usage: receive client.conf\n"), 2);
    signal(SIGINT, stop);
    int code = sch_attach(client, NULL, 0, 16, on_msg, stdout, &error);
    if (code == SCH_OK)
        code = sch_run(client, &error);                 /* returns after sch_stop() */
    if (code != SCH_OK)
        sch_perror(&error);
    sch_close(client);
    return code == SCH_OK ? 0 : sch_error_exit((enum sch_error_code)code);
}
