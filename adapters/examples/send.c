/* send.c: sends a referral with one file as its letter. cc send.c $(pkg-config --cflags --libs scharnier) */
#include <scharnier/client.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static char letter[1 << 19];
    FILE *file = argc == 5 ? fopen(argv[4], "rb") : NULL;
    if (!file)
        return fprintf(stderr, "usage: send client.conf KEY RECEIVER LETTER.pdf\n"), 2;
    size_t size = fread(letter, 1, sizeof letter, file);
    fclose(file);

    sch_error error = SCH_ERROR_INIT;
    sch_client *client = sch_open(argv[1], &error);
    if (!client)
        return sch_perror(&error);                      /* code, cause, hint */
    sch_draft *draft = sch_draft_new(client, SCH_KIND_REFERRAL);
    if (!draft)
        return 1;
    sch_draft_key(draft, argv[2]);                      /* the same key again is never a second referral */
    sch_draft_to(draft, argv[3]);
    sch_draft_fact(draft, SCH_FACT_URGENCY, SCH_URGENCY_ROUTINE);
    sch_draft_fact(draft, SCH_FACT_LETTER_DATE, 20261123);
    sch_draft_attach(draft, "application/pdf", "verwijsbrief.pdf", letter, size);

    sch_receipt receipt;
    int code = sch_send(client, draft, 5000, &receipt, &error);     /* setters' errors surface here */
    if (code != SCH_OK)
        sch_perror(&error);
    else
        printf("%s %s\n", receipt.kenmerk, receipt.duplicate ? "was aangenomen" : "aangenomen");
    sch_draft_free(draft);
    sch_close(client);
    return code == SCH_OK ? 0 : sch_error_exit((enum sch_error_code)code);
}
