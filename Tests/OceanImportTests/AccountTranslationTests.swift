import OceanImport
import Testing

struct AccountTranslationTests {
  private static let users = "/etc/dovecot/users"
  private static let more = "passdb {\n  args = /etc/dovecot/more\n  driver = passwd-file\n}\n"

  @Test func `a name in two files has one password`() throws {
    let files = [
      Self.users: "anna@a.example:{PLAIN}x\n",
      "/etc/dovecot/more": "anna@a.example:{PLAIN}y\nbea@a.example:{PLAIN}z\n",
    ]
    let shared = try Imported(sound(Self.more), files: files)
    #expect(shared.open.contains("one name, anna@a.example"), "\(shared.text)")
    let apart = try Imported(
      sound(Self.more), files: files.merging([Self.users: "cleo@a.example:{PLAIN}x\n"]) { $1 })
    #expect(apart.openCount == 0 && apart.line("accounts") == "accounts:")
    #expect(apart.yaml.contains("accounts: [main, more2]"))
    #expect(try Imported(sound(Self.more)).open.contains("sort | uniq -d"))
  }

  @Test func `those of POP3 are asked first`() throws {
    let imported = try Imported(sound("protocol pop3 {\n  \(Self.more)}\n"))
    #expect(imported.yaml.contains("main: { passwd_file: /etc/dovecot/more }"))
  }

  @Test func `accounts that the first userdb does not know go by the next`() throws {
    let first =
      "userdb {\n  args = /etc/dovecot/users\n  driver = passwd-file\n  default_fields = home=/srv/a/%n\n}\n"
    let others = "passdb {\n  args = /etc/dovecot/ldap.conf\n  driver = ldap\n}\n"
    let imported = try Imported(
      sound(others + first + "userdb {\n  args = home=/srv/ldap/%n\n  driver = static\n}\n"),
      files: [Self.users: Self.some])
    #expect(!imported.needless.contains("userdbs that no account reaches"))
    #expect(imported.open.contains("accounts that the userdbs before it do not know"), "\(imported.open)")
  }

  @Test func `only the userdb that knows an account counts`() throws {
    let first = "userdb {\n  args = /etc/dovecot/users\n  driver = passwd-file\n}\n"
    let second = "userdb {\n  args = home=/other/%u\n  driver = static\n}\n"
    let imported = try Imported(sound(first + second, location: "maildir:~/Maildir"))
    #expect(imported.line("maildir") == "maildir: \"{home}/Maildir\"")
    #expect(imported.needless.contains("userdbs that no account reaches"))
    let turned = try Imported(sound(second + first, location: "maildir:~/Maildir"))
    #expect(turned.line("maildir") == "maildir: \"/other/{user}@{domain}/Maildir\"")
  }

  @Test(arguments: [
    ("default_fields = mail=maildir:~/NewMail", "maildir: \"{home}/NewMail\""),
    ("override_fields = mail=maildir:/srv/%n", "maildir: \"/srv/{user}\""),
  ])
  func `a userdb may say where mail is`(_ field: String, _ line: String) throws {
    let imported = try Imported(
      sound(
        "userdb {\n  args = /etc/dovecot/users\n  driver = passwd-file\n  \(field)\n}\n",
        location: "maildir:~/Maildir"))
    #expect(imported.line("maildir") == line)
    #expect(imported.needless.contains("not mail_location"))
  }

  @Test(arguments: [
    ("2.3.19.1", "userdb_mail=maildir:", "userdb_mail_path="),
    ("2.4.1", "userdb_mail_path=", "userdb_mail=maildir:"),
  ])
  func `Maildirs that Dovecot did not look at are told`(
    _ version: String, _ looked: String, _ ignored: String
  ) throws {
    let isLater = version.hasPrefix("2.4")
    let config =
      isLater
      ? soundLater("userdb static {\n  fields {\n    home = /h/%{user | username}\n  }\n}\n")
      : sound("userdb {\n  args = home=/h/%n\n  driver = static\n}\n")
    for (field, isTold) in [(looked, false), (ignored, true)] {
      let imported = try Imported(
        config, version: version, files: [Self.users: "anna@a.example:{PLAIN}x::::::\(field)/x\n"])
      #expect(imported.open.contains("userdb_mail") == isTold, "\(field): \(imported.text)")
    }
  }

  @Test func `one user of all lines is that of the server`() throws {
    let text = sound("userdb {\n  args = /etc/dovecot/users\n  driver = passwd-file\n}\n").replacing(
      "mail_uid = vmail\n", with: "")
    let one = try Imported(
      text, files: [Self.users: "a@x.example:{PLAIN}x:65534:1::/h::\nb@x.example:{PLAIN}x:65534:1::/i::\n"])
    #expect(one.line("user") == "user: nobody" && one.openCount == 0, "\(one.text)")
    let two = try Imported(
      text, files: [Self.users: "a@x.example:{PLAIN}x:65534:1::/h::\nb@x.example:{PLAIN}x:1:1::/i::\n"])
    #expect(two.open.contains("several users"))
  }

  @Test func `a file for each domain becomes one`() throws {
    let imported = try Imported(
      sound().replacing(
        "/etc/dovecot/users", with: "scheme=MD5-CRYPT username_format=%n /etc/exim4/domains/%d/passwd"))
    #expect(
      imported.open.contains(
        #"(umask 077; for f in /etc/exim4/domains/*/passwd; do d=${f#/etc/exim4/domains/}; sed -n "s/^\([^:@#]*\):/\1@${d%/passwd}:/p" "$f"; done >/etc/ocean/users.passwd)"#
      ), "\(imported.open)")
    let whole = try Imported(sound().replacing("/etc/dovecot/users", with: "/etc/domains/%d"))
    #expect(whole.open.contains("(umask 077; cat /etc/domains/* >/etc/ocean/users.passwd)"))
  }

  @Test(arguments: [
    ("scheme=ntlm", "cannot check such hashes"), ("scheme=digest-md5", "cannot check such hashes"),
    ("scheme=plain", #"(umask 077; sed 's/^\([^:#]*\):\([^{:]\)/\1:{PLAIN}\2/' /etc/dovecot/users >"#),
    ("username_format=%n", "logins of all domains meet"), ("new=1", "the option new is not known"),
  ])
  func `options of a file have a verdict`(_ option: String, _ advice: String) throws {
    let imported = try Imported(sound().replacing("args = ", with: "args = \(option) "))
    #expect(imported.open.contains(advice), "\(imported.text)")
  }

  @Test func `hashes that say what they are need no scheme`() throws {
    #expect(
      try Imported(sound().replacing("args = ", with: "args = scheme=SHA512-CRYPT username_format=%u "))
        .openCount == 0)
  }

  @Test func `names that lose their domain have one path for all`() throws {
    let imported = try Imported(sound("auth_username_format = %Ln", location: "maildir:/m/%u"))
    #expect(imported.line("maildir") == "maildir: \"/m/{user}\"")
    #expect(imported.open.contains("a login loses its domain"))
    #expect(try Imported(sound("auth_username_format = %Ln")).line("maildir") == nil)
  }

  @Test(arguments: [
    "deny = yes", "result_success = continue", "skip = authenticated", "mechanisms = cram-md5",
    "username_filter = *@a.example", "default_fields = allow_nets=10.0.0.0/8", "pass = yes",
  ])
  func `what decides who may log in is not lost`(_ setting: String) throws {
    let base = sound().replacing("  driver = passwd-file\n", with: "  driver = passwd-file\n  \(setting)\n")
    #expect(try Imported(base).openCount > 0)
  }

  @Test(arguments: [
    ("pam", "(umask 077; awk"), ("sql", "all users of this passdb are missing"),
    ("ldap", "write a source that asks the directory itself"),
    ("sql", "SELECT password FROM mailbox WHERE username = {address}"),
    ("static", "one password for all"), ("lua", "no other program or server"),
  ])
  func `other sources are told with what to do`(_ driver: String, _ advice: String) throws {
    #expect(try Imported(sound().replacing("passwd-file", with: driver)).open.contains(advice))
  }

  @Test func `accounts go where the config goes, and not into the file they are made of`() throws {
    let shadow = sound().replacing("passwd-file", with: "pam")
    let there = try Imported(shadow, target: "/srv/my ocean")
    #expect(there.open.contains("/etc/passwd /etc/shadow >'/srv/my ocean/users.passwd')"), "\(there.open)")
    let own = try Imported(
      sound().replacing("/etc/dovecot/users", with: "scheme=plain /srv/users.passwd"), target: "/srv")
    #expect(own.open.contains("/srv/users.passwd >/srv/ocean-users.passwd)"), "\(own.open)")
  }

  @Test func `what locks an account stands before the scheme`() throws {
    let denying = sound().replacing(
      "  driver = passwd-file\n", with: "  driver = passwd-file\n  deny = yes\n")
    #expect(try Imported(denying).open.contains("anna@example.org:!{SHA512-CRYPT}hash"))
  }

  @Test func `what is to be decided stands in the config too`() throws {
    let imported = try Imported(sound().replacing("passwd-file", with: "sql"))
    #expect(imported.comments.contains("- passdb, driver = sql"))
    #expect(imported.comments.contains { $0.contains("all users of this passdb are missing") })
    #expect(imported.comments.contains { $0.contains("SELECT password") })
    #expect(try Imported(sound()).comments.isEmpty)
  }

  @Test func `a proxy has no accounts`() throws {
    let text = sound().replacing("passwd-file", with: "static").replacing(
      "args = ", with: "args = proxy=y host=10.0.0.1 ")
    #expect(try Imported(text).open.contains("hands clients on"))
  }

  private static let userdb = "userdb {\n  args = /etc/dovecot/users\n  driver = passwd-file\n}\n"
  private static let some = "anna@a.example:{PLAIN}x::::/h/anna::\nbea@b.example:{PLAIN}y::::::\n"

  @Test func `accounts for which the path leads nowhere are to be decided`() throws {
    let homes = try Imported(
      sound("mail_home = /h/%n\n" + Self.userdb, location: "maildir:~/Maildir"),
      files: [Self.users: Self.some])
    #expect(homes.open.contains("1 of 2 accounts have no home of their own"))
    let domains = try Imported(sound(), files: [Self.users: "anna:{PLAIN}x\nbea@b.example:{PLAIN}y\n"])
    #expect(domains.open.contains("1 of 2 accounts have no domain"))
    let bare = try Imported(sound(), files: [Self.users: "anna:{PLAIN}x\n"])
    #expect(bare.line("maildir") == "maildir: \"/m/{user}\"" && bare.openCount == 0)
    let nowhere = try Imported(
      sound("userdb {\n  driver = static\n}", location: "maildir:~/Maildir"), files: [Self.users: Self.some])
    #expect(nowhere.open.contains("does not know the homes"))
  }

  @Test func `fields for prefetch decide whose home is in the line`() throws {
    func home(_ users: String) throws -> Imported {
      try Imported(
        sound(
          "userdb {\n  driver = prefetch\n}\nuserdb {\n  args = home=/s/%n\n  driver = static\n}\n",
          location: "maildir:~/Maildir"), files: [Self.users: users])
    }
    let none = try home(Self.some)
    #expect(none.line("maildir") == "maildir: \"/s/{user}/Maildir\"" && none.openCount == 0, "\(none.text)")
    let all = try home("anna@a.example:{PLAIN}x::::::userdb_home=/h/anna\n")
    #expect(all.line("maildir") == "maildir: \"{home}/Maildir\"" && all.openCount == 0, "\(all.text)")
    #expect(
      try home(Self.some + "cleo@a.example:{PLAIN}x::::::userdb_home=/h/c\n").open.contains("1 of 3 accounts")
    )
  }

  @Test func `accounts that ocean refuses or lets in are told`() throws {
    let refused = try Imported(
      sound(), files: [Self.users: "anna@a.example:{NTLM}x\nbea@b.example:{PLAIN}y::::::proxy\n"])
    #expect(refused.open.contains("line 1: the password scheme NTLM is not supported"))
    #expect(refused.open.contains("1 more"))
    let bare = try Imported(
      sound("auth_default_realm = a.example"), files: [Self.users: "anna:{PLAIN}x\nbea@b.example:{PLAIN}y\n"])
    #expect(bare.open.contains("nobody logs in as anna, without one"))
    #expect(try Imported(sound()).different.contains("the file could not be read here"))
  }

  @Test func `accounts that can be read decide about homes and domains`() throws {
    func template(
      _ location: String, _ passwd: String, _ more: String = "", users: String = "passwd-file"
    ) throws -> String? {
      let imported = try Imported(
        """
        mail_location = \(location)
        \(more)
        passdb {
          args = /etc/dovecot/users
          driver = passwd-file
        }
        userdb {
          args = \(users == "passwd-file" ? "/etc/dovecot/users" : "uid=nobody")
          driver = \(users)
        }
        """, files: ["/etc/dovecot/users": passwd])
      return imported.line("maildir").map { String($0.dropFirst(9)).filter { $0 != "\"" } }
    }
    let bare = "anna:{PLAIN}x::::::\n"
    let full = "anna@example.org:{PLAIN}x::::::\n"
    #expect(try template("maildir:/m/%u", bare) == "/m/{user}")
    #expect(try template("maildir:/m/%u", full) == "/m/{user}@{domain}")
    #expect(try template("maildir:/m/%Ld/%{username}", full) == "/m/{domain}/{user}")
    #expect(try template("maildir:~/Maildir", full, "mail_home = /h/%d/%n") == "/h/{domain}/{user}/Maildir")
    let housed = "anna@example.org:{PLAIN}x::::/home/anna::\n"
    #expect(try template("maildir:%h/Maildir:INDEX=/i/%u", housed, "mail_home = /h/%n") == "{home}/Maildir")
    #expect(
      try template("maildir:~/Maildir", housed, "mail_home = /h/%n", users: "static") == "/h/{user}/Maildir")
    #expect(try template("maildir:~/M:INBOX=~/In", housed) == "{home}/In")
    #expect(try template("maildir:/m/%1n/%n", full) ?? "" == "")
  }
}
