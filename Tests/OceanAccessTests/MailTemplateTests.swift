import Testing

@testable import OceanAccess

@Suite struct MailTemplateTests {
  static let anna = Identity(user: "anna", domain: "example.org", home: "/home/anna")

  @Test(arguments: [
    ("/var/mail/vhosts/{domain}/{user}/Maildir", "/var/mail/vhosts/example.org/anna/Maildir"),
    ("{home}/Maildir", "/home/anna/Maildir"), ("{home}", "/home/anna"),
    ("/m/{user}@{domain}", "/m/anna@example.org"),
    ("/m/{user}{user}", "/m/annaanna"), ("/plain", "/plain"), ("/a..b/.c", "/a..b/.c"),
  ])
  func expands(_ template: String, _ path: String) throws {
    #expect(try MailTemplate(parsing: template).maildir(of: Self.anna) == path)
  }

  @Test(arguments: [
    ("", MailTemplate.ParseError.notAbsolute), ("mail/{user}", .notAbsolute), ("{user}/x", .notAbsolute),
    ("/a/../b", .dots), ("/a/.", .dots), ("/a\0b", .containsNUL), ("/{users}", .unknownPlaceholder),
    ("/{user", .unknownPlaceholder), ("/user}", .unknownPlaceholder), ("/{{user}}", .unknownPlaceholder),
    ("/{}", .unknownPlaceholder), ("/a/{home}", .homeInside), ("{home}x", .homeInside),
    ("{home}{user}", .homeInside),
  ])
  func refuses(_ template: String, _ error: MailTemplate.ParseError) {
    #expect(throws: error) { try MailTemplate(parsing: template) }
  }

  @Test(arguments: [
    (Identity(user: "anna", domain: ""), MailTemplate.ExpansionError.noDomain),
    (Identity(user: "a/b", domain: "d"), .unsafeName), (Identity(user: "..", domain: "d"), .unsafeName),
    (Identity(user: ".", domain: "d"), .unsafeName), (Identity(user: "", domain: "d"), .unsafeName),
    (Identity(user: "a\0", domain: "d"), .unsafeName), (Identity(user: "a", domain: ".."), .unsafeName),
  ])
  func oneComponent(_ identity: Identity, _ error: MailTemplate.ExpansionError) throws {
    let template = try MailTemplate(parsing: "/m/{domain}/{user}")
    #expect(throws: error) { try template.maildir(of: identity) }
  }

  @Test func homeAndOwnMaildir() throws {
    let template = try MailTemplate(parsing: "{home}/Maildir")
    #expect(throws: MailTemplate.ExpansionError.noHome) {
      try template.maildir(of: Identity(user: "a", domain: ""))
    }
    #expect(throws: MailTemplate.ExpansionError.noHome) {
      try template.maildir(of: Identity(user: "a", domain: "", home: "home"))
    }
    #expect(try template.maildir(of: Identity(user: "a", domain: "", maildir: "/own")) == "/own")
  }
}
