// Two hundred names that would like to be more than text.

const payloads = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  '" onmouseover="alert(1)',
  "' onfocus='alert(1)' autofocus='",
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</textarea><img src=x onerror=alert(1)>',
  '--><script>alert(1)</script><!--',
  ']]><script>alert(1)</script>',
  '<%= it.password %>',
  '<%~ include("/etc/passwd") %>',
  '$' + '{alert(1)}{{alert(1)}}',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;img src=x onerror=alert(1)&#62;',
  '`onload=alert(1)`',
  '<a href="//evil.example">x</a>',
  '<iframe src=//evil.example>',
  '<base href="//evil.example/">',
  '<meta http-equiv="refresh" content="0">',
  '<style>*{display:none}</style>',
  '\u202Egnp.exe\u0000\u0007',
];

const wraps: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => `${name}.rig1`,
  (name) => `LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9.${name}`,
  (name) => `LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9_${name}`,
  (name) => name.toUpperCase(),
  (name) => `${'W'.repeat(200)}${name}`,
  (name) => `${name}${'\u00e9\u4e2d\ud83d\ude00'.repeat(20)}`,
  (name) => `\t${name}\r\n${name}`,
];

export const hostileNames = payloads.flatMap((payload) => wraps.map((wrap) => wrap(payload)));
