@testable import OceanReplay

/// Lines of access logs: a plain line is read in place, and the decoder must read the same.
@_cdecl("fuzz_log")
func fuzzLog(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var reader = LogReader()
  for line in UnsafeRawBufferPointer(start: start, count: count).split(separator: UInt8(ascii: "\n")) {
    let line = UnsafeRawBufferPointer(rebasing: line)
    let quick = Result { () throws(LogLineFault) in try reader.event(line) }
    let decoded = Result { () throws(LogLineFault) in try reader.decoded(line) }
    precondition(quick == decoded)
    if case .success(let event) = quick { precondition(event.start <= event.time) }
  }
  return 0
}
