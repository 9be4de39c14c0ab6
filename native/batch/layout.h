// The shared table, C++ side: the same numbers as lib/batch/layout.ts, exported to JavaScript as
// `layout`, which the loader compares with its own list. Holds constants only; included by every
// file that touches a row or a counter.
#pragma once

#include <cstdint>

namespace burstwire {

inline constexpr int32_t kRowInts = 16;

// Columns of a row; their meaning stands in layout.ts.
inline constexpr int32_t kOffset = 0;
inline constexpr int32_t kLength = 1;
inline constexpr int32_t kFlags = 2;
inline constexpr int32_t kStatus = 3;
inline constexpr int32_t kRemote = 4;
inline constexpr int32_t kLocal = 5;

inline constexpr int32_t kFlagEcnMask = 3;
inline constexpr int32_t kFlagTruncated = 4;
inline constexpr int32_t kFlagSegment = 8;

inline constexpr int32_t kStatusSourceGone = 4096;

inline constexpr int32_t kPeerInts = 2;
inline constexpr int32_t kPeerGeneration = 0;
inline constexpr int32_t kPeerPins = 1;

enum Count : int32_t {
  kCountDatagramsSent,
  kCountBytesSent,
  kCountSendCalls,
  kCountTrainsSent,
  kCountSendFailures,
  kCountGsoFallbacks,
  kCountSendBlocked,
  kCountSendNoBuffers,
  kCountDatagramsReceived,
  kCountBytesReceived,
  kCountReceiveCalls,
  kCountSegmentsReceived,
  kCountKernelDrops,
  kCountTruncated,
  kCountControlTruncated,
  kCountReceiveErrors,
  kCountPeerEvictions,
  kCountPeerOverflows,
  kCountErrnoBase = 24,
  kCounterPlaces = 24 + 256,
};

inline constexpr int32_t kReceiveRows = 8192;
inline constexpr int32_t kReceiveMessages = 64;
inline constexpr int32_t kReceiveMessageBytes = 65536;
inline constexpr int32_t kReceiveStride = 65536 + 320;

// The transport's columns, packets and keys.
inline constexpr int32_t kConnection = 6;
inline constexpr int32_t kKey = 7;
inline constexpr int32_t kHeaderLength = 8;
inline constexpr int32_t kPlaintextLength = 9;
inline constexpr int32_t kPacketNumber = 10;
inline constexpr int32_t kSource = 13;
inline constexpr int32_t kSourceOffset = 14;
inline constexpr int32_t kSourceLength = 15;
inline constexpr int32_t kFlagKeyUpdated = 16;
inline constexpr int32_t kFlagPreviousKey = 32;
inline constexpr int32_t kStatusTooShort = 4097;
inline constexpr int32_t kStatusNoKey = 4098;
inline constexpr int32_t kStatusForged = 4099;
inline constexpr int32_t kStatusReplayed = 4100;
inline constexpr int32_t kStatusTooOld = 4101;
inline constexpr int32_t kStatusKeyExhausted = 4102;
inline constexpr int32_t kStatusSourceLost = 4103;
inline constexpr int32_t kPacketHeaderBytes = 13;
inline constexpr int32_t kPacketNumberOffset = 9;
inline constexpr int32_t kPacketTagBytes = 16;
inline constexpr int32_t kHeaderMaskBits = 0x1f;
inline constexpr int32_t kHeaderKeyPhase = 0x4;
inline constexpr int32_t kKeySlotBits = 18;
inline constexpr int32_t kKeyCounts = 4;
inline constexpr int32_t kKeyCountSealed = 0;
inline constexpr int32_t kKeyCountOpened = 1;
inline constexpr int32_t kKeyCountForged = 2;
inline constexpr int32_t kKeyCountLargest = 3;
inline constexpr int32_t kReplayWindow = 8192;

// In the order of LAYOUT in layout.ts.
inline constexpr int32_t kLayout[] = {
    kRowInts,
    kOffset,
    kLength,
    kFlags,
    kStatus,
    kRemote,
    kLocal,
    kFlagEcnMask,
    kFlagTruncated,
    kFlagSegment,
    kStatusSourceGone,
    kPeerInts,
    kPeerGeneration,
    kPeerPins,
    kCountDatagramsSent,
    kCountBytesSent,
    kCountSendCalls,
    kCountTrainsSent,
    kCountSendFailures,
    kCountGsoFallbacks,
    kCountSendBlocked,
    kCountSendNoBuffers,
    kCountDatagramsReceived,
    kCountBytesReceived,
    kCountReceiveCalls,
    kCountSegmentsReceived,
    kCountKernelDrops,
    kCountTruncated,
    kCountControlTruncated,
    kCountReceiveErrors,
    kCountPeerEvictions,
    kCountPeerOverflows,
    kCountErrnoBase,
    kCounterPlaces,
    kReceiveRows,
    kReceiveMessages,
    kReceiveMessageBytes,
    kReceiveStride,
    kConnection,
    kKey,
    kHeaderLength,
    kPlaintextLength,
    kPacketNumber,
    kSource,
    kSourceOffset,
    kSourceLength,
    kFlagKeyUpdated,
    kFlagPreviousKey,
    kStatusTooShort,
    kStatusNoKey,
    kStatusForged,
    kStatusReplayed,
    kStatusTooOld,
    kStatusKeyExhausted,
    kStatusSourceLost,
    kPacketHeaderBytes,
    kPacketNumberOffset,
    kPacketTagBytes,
    kHeaderMaskBits,
    kHeaderKeyPhase,
    kKeySlotBits,
    kKeyCounts,
    kKeyCountSealed,
    kKeyCountOpened,
    kKeyCountForged,
    kKeyCountLargest,
    kReplayWindow,
};

}  // namespace burstwire
