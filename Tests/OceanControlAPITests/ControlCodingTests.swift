import OceanAddresses
import OceanControlAPI
import Testing

/// The messages of the control API as JSON.
@Suite struct ControlCodingTests {
  @Test(arguments: [
    SessionSelection.ids([1, .max]), .ids([]), .user("änna\u{1b}[31m"), .peer(IPAddress(v4: 1)),
    .peer(IPAddress(v6: 1)),
  ])
  func `a selection survives the way`(_ selection: SessionSelection) throws {
    let json = try ControlAPI.encode(selection)
    #expect(try ControlAPI.decode(SessionSelection.self, from: json) == selection)
  }

  @Test func `another format is refused and more fields are not`() throws {
    #expect(throws: ControlAPI.DecodingFailure.version(2)) {
      try ControlAPI.decode(KickResult.self, from: Array(#"{"format_version":2,"ended":"all"}"#.utf8))
    }
    let newer = #"{"format_version":1,"ended":[3],"reason":"because"}"#
    #expect(try ControlAPI.decode(KickResult.self, from: Array(newer.utf8)).ended == [3])
  }

  @Test(arguments: [
    "", "{", "[]", "null", #"{"ended":[-1]}"#, #"{"ended":[1.5]}"#, #"{"ended":[18446744073709551616]}"#,
  ])
  func `what is no answer is an error`(_ text: String) {
    #expect(throws: ControlAPI.DecodingFailure.self) {
      try ControlAPI.decode(KickResult.self, from: Array(text.utf8))
    }
  }

  @Test(arguments: [
    ("", "it is not JSON, or a number in it is out of range"), ("[]", "an object was expected"),
    ("{}", "plan is missing"), (#"{"plan":null}"#, "plan must be a text"),
    (#"{"plan":7}"#, "plan must be a text"), (#"{"plan":"a","format_version":"1"}"#, nil),
  ])
  func `what is wrong is said in words`(_ text: String, _ reason: String?) {
    #expect(throws: ControlAPI.DecodingFailure.malformed(reason ?? "format_version must be a whole number")) {
      try ControlAPI.decode(ConfirmRequest.self, from: Array(text.utf8))
    }
  }

  @Test func `where it is wrong is said as in the JSON`() {
    let list = #"{"format_version":1,"plans":[],"taken_back":[{"at":"","mark":{"config":1}}]}"#
    #expect(throws: ControlAPI.DecodingFailure.malformed("taken_back[0].mark.plan is missing")) {
      try ControlAPI.decode(PlanHistory.self, from: Array(list.utf8))
    }
  }
}
