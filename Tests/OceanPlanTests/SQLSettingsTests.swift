import OceanPlan
import Testing

/// How the place of a database and a query are written.
@Suite struct SQLSettingsTests {
  @Test(arguments: [
    "postgresql://ocean@db.example.org/mail", "postgresql://ocean@db.example.org:5433/mail",
    "postgresql://ocean@[2001:db8::1]:5432/mail", "postgresql://ocean@/mail",
    "postgresql://ocean@/mail?host=/run/postgresql", "mysql://ocean@127.0.0.1/mail",
    "mysql://ocean@/mail?socket=/run/mysqld/mysqld.sock", "sqlite:/var/lib/mail/users.db",
  ])
  func `a place is written as it was read`(text: String) throws {
    #expect(try DatabaseURL(parsing: text).description == text)
  }

  @Test(arguments: [
    ("db.example.org/mail", DatabaseURL.Flaw.unknownScheme), ("oracle://a@b/c", .unknownScheme),
    ("postgres://a@b/c", .otherScheme(meant: .postgresql)), ("mariadb://a@b/c", .otherScheme(meant: .mysql)),
    ("postgresql://a:secret@b/c", .password), ("postgresql://a@b/c?password=secret", .password),
    ("postgresql://a:sec/ret@b/c", .missingUser), ("postgresql://b/c", .missingUser),
    ("mysql://@b/c", .missingUser),
    ("mysql://a@b/", .missingDatabase), ("mysql://a@b", .missingDatabase), ("mysql://a@b:0/c", .badPort),
    ("mysql://a@b:99999/c", .badPort), ("mysql://a@[::1/c", .badHost), ("mysql://a@b c/d", .badHost),
    ("mysql://a%40b@c/d", .badCharacter("%")), ("mysql://a@b/c?socket=/x", .badSocket),
    ("mysql://a@/c?socket=x", .badSocket), ("sqlite:", .missingDatabase),
  ])
  func `a place that is none is refused`(text: String, flaw: DatabaseURL.Flaw) {
    #expect(throws: flaw) { try DatabaseURL(parsing: text) }
  }

  @Test func `what stays on this host needs no TLS`() throws {
    for local in [
      "mysql://a@127.9.9.9/b", "mysql://a@localhost/b", "postgresql://a@[::1]/b", "postgresql://a@/b",
      "sqlite:/x",
    ] {
      #expect(try DatabaseURL(parsing: local).isLocal, "\(local)")
    }
    #expect(try !DatabaseURL(parsing: "mysql://a@192.0.2.1/b").isLocal)
  }

  @Test func `parameters become places in the statement`() throws {
    let query = try SQLQuery(
      parsing:
        "SELECT password FROM t WHERE u = {user} AND d={domain} OR a = {address} -- {user} it's\n AND 1 /* '{x}' */"
    )
    #expect(query.parameters == [.user, .domain, .address])
    #expect(
      query.statement(isNumbered: true)
        == "SELECT password FROM t WHERE u = $1 AND d=$2 OR a = $3 -- {user} it's\n AND 1 /* '{x}' */")
    #expect(
      query.statement(isNumbered: false)
        == "SELECT password FROM t WHERE u = ? AND d=? OR a = ? -- {user} it's\n AND 1 /* '{x}' */")
  }

  @Test(arguments: [
    (" \n", SQLQuery.Flaw.empty), ("SELECT password FROM t", .noLogin), ("SELECT {domain}", .noLogin),
    ("SELECT {usr}", .unknownParameter("usr")), ("SELECT 'it''s {user}'", .quotedParameter("user")),
    ("SELECT \"{address}\"", .quotedParameter("address")), ("SELECT `{user}`", .quotedParameter("user")),
    ("SELECT -- {user}\n 1", .noLogin), ("SELECT {user} \0", .containsNUL),
  ])
  func `a query that cannot find an account is refused`(text: String, flaw: SQLQuery.Flaw) {
    #expect(throws: flaw) { try SQLQuery(parsing: text) }
  }

  @Test func `braces that are no parameters stay in quoted text`() throws {
    let query = try SQLQuery(parsing: "SELECT password, '{a,b}' FROM t WHERE u = {user}")
    #expect(query.statement(isNumbered: false) == "SELECT password, '{a,b}' FROM t WHERE u = ?")
  }
}
