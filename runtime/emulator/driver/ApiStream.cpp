//===- ApiStream.cpp - streams and events ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Work is done when it is submitted, so that streams are always ready.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"

using namespace qopt;
using namespace qopt::emulator;

QOPT_CUDA_API cuStreamCreate(CUstream *stream, unsigned) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!stream)
      apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
    *stream = driver.streams.add(std::make_unique<CUstream_st>());
  });
}

QOPT_CUDA_API cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}

QOPT_CUDA_API cuStreamDestroy_v2(CUstream stream) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] {
    const std::shared_ptr<Capture> &capture = driver.streams.get(stream).capture;
    if (capture && capture->origin == stream)
      driver.captures.erase(capture.get());
    driver.streams.remove(stream);
  });
}

QOPT_CUDA_API cuStreamSynchronize(CUstream stream) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (driver.stream(stream).capture)
      apiFail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream captures");
    driver.refuseDuringCapture();
  });
}

QOPT_CUDA_API cuStreamQuery(CUstream stream) { return cuStreamSynchronize(stream); }

/// A stream that waits for an event of a capture becomes a part of it.
QOPT_CUDA_API cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    CUstream_st &waiting = driver.stream(stream);
    std::shared_ptr<Capture> capture = driver.events.get(event).capture;
    if (!capture)
      return;
    if (waiting.capture && waiting.capture != capture)
      apiFail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the event is of another capture");
    waiting.capture = capture;
  });
}

QOPT_CUDA_API cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    CUstream_st &captured = driver.stream(stream);
    if (&captured == &driver.nullStream || captured.capture)
      apiFail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream cannot begin a capture");
    captured.capture = std::make_shared<Capture>();
    captured.capture->origin = stream;
    if (mode != CU_STREAM_CAPTURE_MODE_RELAXED)
      driver.captures.insert(captured.capture.get());
  });
}

QOPT_CUDA_API cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    std::shared_ptr<Capture> capture = driver.stream(stream).capture;
    if (!graph || !capture)
      apiFail(CUDA_ERROR_INVALID_VALUE, "the stream does not capture");
    if (capture->origin != stream)
      apiFail(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "the capture began in another stream");
    driver.captures.erase(capture.get());
    driver.streams.forEach([&](CUstream_st &other) {
      if (other.capture == capture)
        other.capture = nullptr;
    });
    driver.events.forEach([&](CUevent_st &event) {
      if (event.capture == capture)
        event.capture = nullptr;
    });
    *graph = nullptr;
    if (capture->isInvalid)
      apiFail(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "a call while the stream captured failed it");
    *graph = driver.graphs.add(std::make_unique<CUgraph_st>(CUgraph_st{std::move(capture->works)}));
  });
}

QOPT_CUDA_API cuStreamIsCapturing(CUstream stream, int *status) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!status)
      apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
    const std::shared_ptr<Capture> &capture = driver.stream(stream).capture;
    *status = !capture             ? CU_STREAM_CAPTURE_STATUS_NONE
              : capture->isInvalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                   : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  });
}

QOPT_CUDA_API cuEventCreate(CUevent *event, unsigned flags) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!event)
      apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
    *event = driver.events.add(std::make_unique<CUevent_st>());
    (*event)->measuresTime = !(flags & CU_EVENT_DISABLE_TIMING);
  });
}

QOPT_CUDA_API cuEventDestroy_v2(CUevent event) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] { driver.events.remove(event); });
}

QOPT_CUDA_API cuEventRecord(CUevent event, CUstream stream) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    driver.events.get(event).capture = driver.stream(stream).capture;
    driver.submit(stream, RecordWork{event});
  });
}

QOPT_CUDA_API cuEventSynchronize(CUevent event) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    driver.events.get(event);
    driver.refuseDuringCapture();
  });
}

QOPT_CUDA_API cuEventQuery(CUevent event) { return cuEventSynchronize(event); }

QOPT_CUDA_API cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    const CUevent_st &first = driver.events.get(start), &second = driver.events.get(end);
    bool isMeasured =
        first.isRecorded && second.isRecorded && first.measuresTime && second.measuresTime;
    if (!milliseconds || !isMeasured)
      apiFail(CUDA_ERROR_INVALID_HANDLE, "an event was not recorded, or has no timing");
    *milliseconds = float(second.milliseconds - first.milliseconds);
  });
}

QOPT_CUDA_API cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}
