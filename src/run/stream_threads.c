// SPDX-License-Identifier: MIT
// How many threads of its context a stream uses.
#include "run/stream.h"

static rnnc_status check(rnnc_stream *stream, int32_t threads)
{
    int32_t most = stream->plan->graph->context->threads;
    if (threads >= 0 && threads <= most)
        return RNNC_OK;
    return rni_error_set(&stream->error, RNNC_E_ARGUMENT,
                         "stream: threads is %ld, expected 0 to %ld, the "
                         "threads of its context",
                         (long)threads, (long)most);
}

// Chunks have memory for each member.
static bool make_chunk(rni_layout *chunk, const rnnc_stream *stream,
                       int32_t members)
{
    bool good = rni_layout_init(chunk, stream->plan, &stream->profile,
                                stream->kernels, &stream->memory, members);
    chunk->only_axis = stream->plan->stream_axis;
    return good;
}

static bool take_members(rnnc_stream *stream, rni_team *team, int32_t members)
{
    rni_layout chunk;
    if (!make_chunk(&chunk, stream, members) ||
        !rni_step_share(&stream->step, team, members)) {
        rni_layout_fini(&chunk);
        return false;
    }
    rni_layout_fini(&stream->chunk);
    stream->chunk = chunk;
    stream->chunk_done = false;
    stream->chunk_executor.team = members > 1 ? team : NULL;
    stream->chunk_executor.members = members;
    return true;
}

rnnc_status rnnc_stream_threads(rnnc_stream *stream, int32_t threads)
{
    if (!rni_stream_ready(stream))
        return rnnc_stream_status(stream);
    if (check(stream, threads) != RNNC_OK)
        return stream->error.status;
    const rnnc_context *context = stream->plan->graph->context;
    int32_t members = threads > 0 ? threads : context->threads;
    if (members == stream->step.size)
        return RNNC_OK;
    if (!take_members(stream, context->team, members))
        return rni_error_memory(&stream->error);
    // A team that cannot start leaves the caller to work alone.
    if (members > 1)
        rni_team_start(context->team);
    rni_stream_place(stream);
    return RNNC_OK;
}
