import OceanControlAPI
import OceanPlan
import Testing

/// Who made a change, and comments, on their way to the server and in files of earlier versions.
@Suite struct ChangeAuthorTests {
  @Test(arguments: [
    (ChangeAuthor(.apply, uid: 1000, user: "anna"), "anna"), (ChangeAuthor(.rollback, uid: 4711), "uid 4711"),
    (ChangeAuthor(.reload), "SIGHUP"), (ChangeAuthor(.start), "start"), (ChangeAuthor(.renewal), "renewal"),
  ])
  func `a user has a name, and so has what the server does by itself`(_ author: ChangeAuthor, _ name: String)
    throws
  {
    #expect(author.name == name)
    #expect(try ControlAPI.decode(ChangeAuthor.self, from: ControlAPI.encode(author)) == author)
  }

  @Test(arguments: ["a & b = c; 50 % + \u{1b}[31m\n\u{202e}", String(repeating: "ä", count: 200)])
  func `a comment survives the way to the server`(_ text: String) throws {
    let comment = try ChangeComment(text)
    let rollback = RollbackRequest(comment: comment)
    #expect(try ControlAPI.decode(RollbackRequest.self, from: ControlAPI.encode(rollback)) == rollback)

    let digest = Digest(of: [])
    let apply = ApplyRequest(
      expecting: digest, sessions: .keep, confirmSeconds: nil, source: "/etc/ocean/ocean.yaml",
      comment: comment)
    let parts = apply.query.split(separator: "&").map {
      $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    }
    let query = Dictionary(uniqueKeysWithValues: parts.map { (String($0[0]), decoded($0[1])) })
    #expect(try ApplyRequest(query) == apply)
  }

  private func decoded(_ text: Substring) -> String {
    guard text.hasPrefix("%") else { return String(text) }
    return String(
      decoding: text.split(separator: "%").compactMap { UInt8($0, radix: 16) }, as: UTF8.self)
  }

  @Test(arguments: ["", "  ", "\t\u{200b}"]) func `a comment that is blank is refused`(_ text: String) {
    #expect(throws: ChangeComment.Fault.blank) { try ChangeComment(text) }
    let reason = "a comment says why, and this one is blank: write one, or leave it out"
    #expect(throws: ControlAPI.DecodingFailure.malformed(reason)) {
      try ApplyRequest(["expecting": "\(Digest(of: []))", "comment": text])
    }
  }

  @Test func `a comment that is too long is refused wherever it comes from`() throws {
    let text = String(repeating: "ä", count: 201)
    let reason = "a comment has at most 200 characters, and this one has 201: write less"
    #expect(throws: ChangeComment.Fault.tooLong(201)) { try ChangeComment(text) }
    #expect(throws: ControlAPI.DecodingFailure.malformed("comment: \(reason)")) {
      try ControlAPI.decode(RollbackRequest.self, from: Array(#"{"comment":"\#(text)"}"#.utf8))
    }
    #expect(throws: ControlAPI.DecodingFailure.malformed(reason)) {
      try ApplyRequest(["expecting": "\(Digest(of: []))", "comment": text])
    }
  }
}
