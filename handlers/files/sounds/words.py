"""What is said of sound that can't be kept."""

BROKEN = "这段录音打不开，可能没有传全。请再发一次，或重新录一段。"
"""It is not whole, or not what it begins as."""
FOREIGN = "这种录音收不了。请用手机自带的录音重新录一段，或打字说。"
"""Of a make from which places and names can't be taken out with certainty."""
FILM = "视频收不了。请拍照片，或发语音说一说。"
