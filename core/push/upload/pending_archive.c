/*
 * If the interrupted push had completed its archive, nothing is sent: the object in the bucket is
 * compared with the checkpoint instead. Otherwise the checkpoint records the completion
 * before and after it, because the process may end in between.
 */
#include "push/upload/pending_archive.h"

#include "push/upload/copy_support.h"

int pending_archive_complete(struct pending_archive *archive, struct store_info *info,
                             struct err *err)
{
    struct resume *resume = archive->resume;
    int answer;

    if (resume_is_whole(resume)) {
        store_insist(archive->store, true);
        return resume_confirm(resume, archive->size, info, err);
    }
    resume_completed(resume, archive->size, "");
    answer = upload_complete(archive->upload, archive->size, info, &archive->failure, err);
    if (answer == 0)
        resume_completed(resume, archive->size, info->etag);
    if (answer ? archive->failure != COPY_FAILURE_NONE : archive->copied)
        copy_support_remember(archive->store, archive->failure);
    return answer;
}
