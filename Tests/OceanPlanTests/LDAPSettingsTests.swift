import OceanPlan
import Testing

/// How the place of a directory and a filter are written.
@Suite struct LDAPSettingsTests {
  @Test(arguments: [
    ("ldap://ldap.example.org", "ldap://ldap.example.org"), ("ldaps://h:1636", "ldaps://h:1636"),
    ("LDAP://Host/", "ldap://host"), ("ldap://[2001:db8::1]:389", "ldap://[2001:db8::1]:389"),
    ("ldapi:///run/slapd/ldapi", "ldapi://%2Frun%2Fslapd%2Fldapi/"),
    ("ldapi://%2Frun%2fslapd%2Fldapi/", "ldapi://%2Frun%2Fslapd%2Fldapi/"), ("ldapi:///", "ldapi:///"),
  ])
  func `a place is read, and written as the library wants it`(text: String, uri: String) throws {
    let url = try LDAPURL(parsing: text)
    #expect(url.uri == uri)
    #expect(try LDAPURL(parsing: url.description) == url)
  }

  @Test(arguments: [
    ("ldap.example.org", LDAPURL.Flaw.unknownScheme), ("http://h", .unknownScheme),
    ("ldap:h", .unknownScheme),
    ("ldap://cn=a:secret@h", .account), ("ldap://a@h", .account), ("ldap://", .missingHost),
    ("ldap:///dc=x", .rest), ("ldap://h/dc=x", .rest), ("ldap://h?x", .rest), ("ldap://h:0", .badPort),
    ("ldap://h:99999", .badPort), ("ldap://h b", .badHost), ("ldap://[::1", .badHost),
    ("ldapi://run/slapd", .badSocket), ("ldapi://%2Frun%00", .badSocket), ("ldapi:///run/a b", .badSocket),
  ])
  func `a place that is none is refused`(text: String, flaw: LDAPURL.Flaw) {
    #expect(throws: flaw) { try LDAPURL(parsing: text) }
  }

  @Test func `what stays on this host needs no TLS`() throws {
    for local in ["ldap://127.9.9.9", "ldaps://localhost", "ldap://[::1]", "ldapi:///x"] {
      #expect(try LDAPURL(parsing: local).isLocal, "\(local)")
    }
    #expect(try !LDAPURL(parsing: "ldap://192.0.2.1").isLocal)
  }

  @Test func `parameters become escaped values`() throws {
    let filter = try LDAPFilter(
      parsing: "(&(objectClass=*)(|(mail={address})(uid={user})) (!(ou={domain})))")
    #expect(filter.parameters == [.address, .user, .domain])
    #expect(
      filter.filled(["*)(uid=*", "a\\b\0", "ä"])
        == "(&(objectClass=*)(|(mail=\\2a\\29\\28uid\\3d\\2a)(uid=a\\5cb\\00))(!(ou=\\c3\\a4)))")
    #expect(filter.attributes == ["objectClass", "mail", "uid", "ou"])
    #expect(filter.comparisons.map(\.attribute) == ["mail", "uid"])
  }

  /// However a value is written, the filter has as many parentheses as before.
  @Test func `no value changes the structure`() throws {
    let filter = try LDAPFilter(parsing: "(mail={address})")
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let scalars = (0..<Int.random(in: 0...40, using: &random)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...0x2ff, using: &random))
      }
      let value = String(String.UnicodeScalarView(scalars))
      let filled = filter.filled([value])
      #expect(
        filled.utf8.count { $0 == UInt8(ascii: "(") } == 1
          && filled.utf8.count { $0 == UInt8(ascii: ")") } == 1)
      #expect(filled.utf8.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "*") })
    }
  }

  @Test func `only whole values for equality tell whose an entry is`() throws {
    func attributes(_ text: String) throws -> [String] {
      try LDAPFilter(parsing: text).comparisons.map(\.attribute)
    }
    #expect(try attributes("(mail={user}@example.org)") == ["mail"])
    #expect(try attributes("(proxyAddresses=smtp:{address})") == ["proxyAddresses"])
    #expect(try attributes("(mail={user}*)") == [])
    #expect(try attributes("(cn=\\28{user}\\29)") == [])
    #expect(try attributes("(uid:caseExactMatch:={user})") == [])
    #expect(try attributes("(uid~={user})") == [])
    #expect(try attributes("(&(!(uid={user}))(mail={address}))") == ["mail"])
    #expect(try attributes("(&(ou={domain})(uid={user}))") == ["uid"])
  }

  @Test(arguments: [
    (" \n", LDAPFilter.Flaw.empty), ("mail={address}", .bare), ("(mail={address}", .unbalanced),
    ("(mail={address}))", .unbalanced), ("(&(mail={address})", .unbalanced), ("(&)", .malformed(")")),
    ("(mail)", .malformed("mail")), ("(=x{user})", .malformed("=x{user}")),
    ("((uid={user}))", .malformed("(uid={user}")),
    ("(mail=(x){user})", .malformed("mail=(x")), ("(mail=\\zz{user})", .malformed("mail=\\zz{user}")),
    ("({user}=x)", .misplacedParameter("user")), ("(mail={adress})", .unknownParameter("adress")),
    ("(objectClass=*)", .noLogin), ("(ou={domain})", .noLogin), ("(mail={user}\0)", .containsNUL),
  ])
  func `a filter that cannot find an account is refused`(text: String, flaw: LDAPFilter.Flaw) {
    #expect(throws: flaw) { try LDAPFilter(parsing: text) }
  }

  @Test func `a filter of any depth is read or refused`() {
    let deep = String(repeating: "(!", count: 1000) + "(uid={user})" + String(repeating: ")", count: 1000)
    #expect(throws: LDAPFilter.Flaw.self) { try LDAPFilter(parsing: deep) }
  }
}
