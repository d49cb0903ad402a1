/*
 * The journal grows in memory; its new records are appended to the file.
 */
#include "push/resume/resume_state.h"

#include "base/err.h"
#include "base/log.h"

void resume_save(struct resume *resume)
{
    struct resume *r = resume;
    struct err err;

    if (r->file.fd < 0 || !r->begun || r->journal.failed || r->written == r->journal.size)
        return;
    if (checkpoint_file_add(
            &r->file, view_of(r->journal.data + r->written, r->journal.size - r->written), &err)) {
        log_info("this push cannot be resumed: %s", err.text);
        checkpoint_file_remove(&r->file);
    }
    r->written = r->journal.size;
}
