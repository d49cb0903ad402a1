# The formula of s3dock for Homebrew. Not proven: nobody has run it on a Mac yet.
#
# A release replaces the three words between @: the page of the project, the version, and the SHA-256 of the archive of its
# sources.
class S3dock < Formula
  desc "Push Docker images to S3 buckets and pull them, without a registry"
  homepage "@HOMEPAGE@"
  url "@HOMEPAGE@/archive/refs/tags/v@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license "MIT"
  head "@HOMEPAGE@.git", branch: "main"

  depends_on "jsmn" => :build
  depends_on "meson" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "curl"
  depends_on "libdeflate"
  depends_on "libgit2"
  depends_on "openssl@3"
  depends_on "xxhash"
  depends_on "xz"
  depends_on "zstd"

  uses_from_macos "bzip2"
  uses_from_macos "expat"
  uses_from_macos "zlib"

  def install
    system "meson", "setup", "build", "-Dtests=false", "-Disal=disabled", "-Dsystemd_unit_dir=", *std_meson_args
    system "meson", "compile", "-C", "build", "--verbose"
    system "meson", "install", "-C", "build"
  end

  test do
    (testpath/"images").mkpath
    assert_match version.to_s, shell_output("#{bin}/s3dock version")
    system bin/"s3dock", "list", "apps", "--endpoint", "file://#{testpath}", "--bucket", "images"
  end
end
