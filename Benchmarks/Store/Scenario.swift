@preconcurrency import Glibc

/// A Maildir with a given number of messages, named as a delivery agent and an IMAP server would name them.
struct Scenario {
  enum Kind: String {
    case plain = "every message read"
    case sizes = "W= in names"
    case fresh = "W= in names, all in new/"
    case dovecot = "ids and sizes of Dovecot"
  }

  let path: String
  let kind: Kind
  private let content = Array("From: a@example.org\nSubject: measured\n\nOne line, and another.\n".utf8)

  init(_ path: String, _ count: Int, _ kind: Kind) {
    (self.path, self.kind) = (path, kind)
    for directory in ["", "/new", "/cur", "/tmp"] { mkdir(path + directory, 0o700) }
    let directory = open(path + (kind == .fresh ? "/new" : "/cur"), O_RDONLY | O_DIRECTORY)
    defer { close(directory) }
    let list = kind == .dovecot ? fopen(path + "/dovecot-uidlist", "w") : nil
    if let list { fputs("3 V1275660208 N\(count + 1) G3085f01b7f11094c501100008c4a11c1\n", list) }
    for number in 0..<count {
      let base = base(number)
      write(kind == .fresh ? base : base + ":2,S", in: directory, isEmpty: count > 200_000)
      if let list { fputs("\(number + 1) W\(content.count + 4) :\(base)\n", list) }
    }
    if let list { fclose(list) }
  }

  /// Puts a new message into new/.
  func deliver(_ number: Int) {
    let directory = open(path + "/new", O_RDONLY | O_DIRECTORY)
    write("\(2_000_000_000 + number).M\(number)P1.mail.example.org", in: directory, isEmpty: false)
    close(directory)
  }

  /// Renames a message as an IMAP server does when somebody marks it.
  func mark(_ number: Int) {
    let base = base(number)
    let old = kind == .fresh ? "/new/\(base)" : "/cur/\(base):2,S"
    guard rename(path + old, path + "/cur/\(base):2,FS") == 0 else {
      perror("rename")
      exit(1)
    }
  }

  private func base(_ number: Int) -> String {
    let hasSizes = kind == .sizes || kind == .fresh
    let sizes = hasSizes ? ",S=\(content.count),W=\(content.count + 4)" : ""
    return
      "\(1_600_000_000 + number * 13).M\(number * 7919 % 1_000_000)P\(number % 32_768).mail.example.org\(sizes)"
  }

  private func write(_ name: String, in directory: Int32, isEmpty: Bool) {
    let descriptor = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    if !isEmpty { _ = Glibc.write(descriptor, content, content.count) }
    close(descriptor)
  }
}

/// The monotonic clock in nanoseconds.
func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// The resident memory now and at its peak, in megabytes.
func memory() -> (resident: Int, peak: Int) {
  var (resident, peak) = (0, 0)
  guard let file = fopen("/proc/self/status", "r") else { return (0, 0) }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, 256, file) != nil {
    let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self).split {
      " \t\n".contains($0)
    }
    guard words.count > 1, let kilobytes = Int(words[1]) else { continue }
    if words[0] == "VmRSS:" { resident = kilobytes / 1024 }
    if words[0] == "VmHWM:" { peak = kilobytes / 1024 }
  }
  return (resident, peak)
}

func removeAll(_ path: String) {
  if let directory = opendir(path) {
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { removeAll(path + "/" + name) }
    }
    closedir(directory)
  }
  remove(path)
}
