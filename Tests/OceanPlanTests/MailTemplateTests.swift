import OceanPlan
import Testing

@Suite struct MailTemplateTests {
  @Test(arguments: [
    ("/var/mail/vhosts/{domain}/{user}/Maildir", "/var/mail/vhosts/example.org/anna/Maildir"),
    ("{home}/Maildir", "/home/anna/Maildir"), ("{home}", "/home/anna"), ("{home}/{user}", "/home/anna/anna"),
    ("/m/{user}@{domain}", "/m/anna@example.org"), ("/m/{user}{user}", "/m/annaanna"),
    ("/a..b/.c/{user}", "/a..b/.c/anna"), ("/{user}\u{301}/\u{301}", "/anna\u{301}/\u{301}"),
    ("{home}/\u{301}", "/home/anna/\u{301}"), ("/{domain}\u{301}{user}", "/example.org\u{301}anna"),
  ])
  func `expands`(_ text: String, _ path: String) throws {
    let template = try MailTemplate(parsing: text)
    #expect(try template.path(user: "anna", domain: "example.org", home: "/home/anna") == path)
    #expect(template.description == text)
  }

  @Test(arguments: [
    ("", MailTemplate.ParseError.notAbsolute), ("mail/{user}", .notAbsolute), ("{user}/x", .notAbsolute),
    ("/a/../{user}", .dots), ("/{user}/.", .dots), ("/{user}/../\u{301}", .dots),
    ("/\u{301}/../{user}", .dots), ("/a\0b/{user}", .containsNUL),
    ("/{users}", .unknownVariable("{users}")), ("/{}", .unknownVariable("{}")),
    ("/{{user}}", .unknownVariable("{{user}")), ("/{user", .unbalanced), ("/user}", .unbalanced),
    ("/a/{home}", .homeInside), ("{home}x", .homeInside), ("{home}{user}", .homeInside),
    ("/var/mail", .shared), ("/var/mail/{domain}", .shared),
  ])
  func `refuses`(_ text: String, _ error: MailTemplate.ParseError) {
    #expect(throws: error) { try MailTemplate(parsing: text) }
  }

  @Test(arguments: [
    ("anna", "", MailTemplate.ExpansionError.noDomain), ("a/b", "d", .unsafeName), ("..", "d", .unsafeName),
    (".", "d", .unsafeName), ("", "d", .unsafeName), ("a\0", "d", .unsafeName), ("a", "..", .unsafeName),
    ("a", "d/e", .unsafeName),
  ])
  func `names are one component`(_ user: String, _ domain: String, _ error: MailTemplate.ExpansionError)
    throws
  {
    let template = try MailTemplate(parsing: "/m/{domain}/{user}")
    #expect(throws: error) { try template.path(user: user, domain: domain, home: nil) }
  }

  @Test(arguments: [nil, "home", ""]) func `home must be absolute`(_ home: String?) throws {
    let template = try MailTemplate(parsing: "{home}/Maildir")
    #expect(throws: MailTemplate.ExpansionError.noHome) {
      try template.path(user: "anna", domain: "", home: home)
    }
  }
}
