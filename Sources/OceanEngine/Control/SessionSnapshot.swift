import NIOCore
import OceanPlan

/// What a session was doing at one moment.
struct SessionSnapshot: Sendable {
  let id: UInt64
  let state: SessionInfo.State
  let record: AccessLog.Record
  let age: TimeAmount
  let idle: TimeAmount
}
