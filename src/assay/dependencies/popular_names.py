"""Well-known package names of six registries: what a deceptive name would imitate. Names are facts; grow by words.

Not a ranking and not complete: a name is here because much is built on it, or because it is an honest neighbour of one
that is (`preact` of `react`) and must not be taken for an imitation.
"""

from collections.abc import Mapping

_NPM = """
@angular/cli @angular/common @angular/compiler @angular/core @angular/forms @angular/router @apollo/client
@aws-cdk/cloud-assembly-schema @aws-sdk/client-s3 @babel/cli @babel/core @babel/generator @babel/parser
@babel/preset-env @babel/preset-react @babel/preset-typescript @babel/runtime @babel/template @babel/traverse
@babel/types @emotion/react @emotion/styled @eslint/js @ethersproject/abi @google-cloud/storage @grpc/grpc-js
@jest/globals @mui/icons-material @mui/material @nestjs/cli @nestjs/common @nestjs/core @octokit/rest
@prisma/client @radix-ui/react-slot @reduxjs/toolkit @rollup/plugin-commonjs @rollup/plugin-node-resolve
@sentry/browser @sentry/node @sveltejs/kit @tanstack/react-query @tensorflow/tfjs @testing-library/jest-dom
@testing-library/react @types/express @types/jest @types/lodash @types/node @types/react @types/react-dom
@typescript-eslint/eslint-plugin @typescript-eslint/parser @vitejs/plugin-react @vue/cli @vue/compiler-sfc
@webassemblyjs/ast abbrev accepts acorn agent-base ajv angular ansi-regex ansi-styles anymatch apollo-server
argparse array-flatten asap asn1 assert async autoprefixer aws-cdk aws-sdk axios babel-core babel-eslint
babel-jest babel-loader babel-polyfill babel-preset-env backbone balanced-match base64-js bcrypt bcryptjs
bignumber.js bindings bl bluebird bn.js body-parser bootstrap bower brace-expansion braces browser-sync
browserify browserslist buffer buffer-crc32 buffer-from bytes cac call-bind camel-case camelcase camelize
caniuse-lite chai chalk cheerio chokidar chownr ci-info classnames clean-css cli-color cli-cursor cli-table
cliui clone cloudinary clsx coffee-script color color-convert color-name colord colorette colors
combined-stream commander compression concat-map concat-stream concurrently config connect content-type
convert-source-map cookie cookie-parser cookie-signature copyfiles core-js core-util-is cors cosmiconfig
create-react-app cross-env cross-spawn crypt crypto-browserify crypto-js css-loader cssnano csstype csv-parse
d3 date-fns dayjs debug decamelize deep-equal deep-extend deepmerge define-properties defu del delayed-stream
depd dequal detect-libc diff discord.js dom-helpers dotenv dotenv-expand duplexer duplexer2 eastasianwidth
echarts ee-first ejs electron electron-to-chromium elliptic ember-cli emoji-regex end-of-stream engine.io
enhanced-resolve enquirer entities enzyme es-abstract es6-promise esbuild escape-string-regexp escodegen
eslint eslint-config-airbnb eslint-config-prettier eslint-plugin-import eslint-plugin-jsx-a11y
eslint-plugin-prettier eslint-plugin-react eslint-scope espree esprima estraverse esutils etag ethers
event-stream eventemitter3 events execa express express-session express-validator extend extract-zip fabric
fast-deep-equal fast-glob fast-json-stable-stringify fastify file-loader file-type fill-range finalhandler
find-up firebase firebase-admin flatted follow-redirects font-awesome for-each foreach forever form-data
formidable framer-motion fresh fs-extra fs.realpath fsevents function-bind gatsby get-stdin get-stream getpass
glob glob-parent global globals globby got graceful-fs graphql graphql-tag grunt grunt-cli gulp gulp-sass
handlebars harp has has-flag has-symbols hash.js he helmet highlight.js history hoek hosted-git-info
html-webpack-plugin http-errors http-proxy http-proxy-agent http-proxy-middleware http-server
https-proxy-agent husky iconv-lite ieee754 ignore immer immutable imurmurhash inflight inherits ini inquirer
invariant ip ipaddr.js is-arrayish is-buffer is-core-module is-extglob is-fullwidth-code-point is-glob
is-number is-object is-plain-object is-promise is-stream isarray isexe isobject isomorphic-fetch isstream
istanbul jade jest jest-cli joi jose jquery jquery-ui js-base64 js-tokens js-yaml jsdom jsesc json-schema
json-stringify-safe json5 jsonfile jsonschema jsonwebtoken jsprim jszip karma keypress kind-of kleur knex koa
koa-router lerna less leven levn lint-staged lit loader-utils locate-path lodash lodash-es lodash.debounce
lodash.get lodash.isequal lodash.merge log-symbols log4js loglevel loose-envify lru-cache luxon magic-string
make-dir mariadb markdown-it marked material-ui mdn-data memfs meow merge merge-descriptors merge-stream
merge2 method-override methods micromatch mime mime-db mime-types mimic-fn mini-css-extract-plugin minimatch
minimist minipass mkdirp mobx mocha moment moment-timezone mongodb mongoose morgan mquery ms mssql multer
mute-stream mysql mysql2 nan nanoid native-base ncp negotiator nest next next-auth next-tick noblox.js
node-fetch node-forge node-gyp node-ipc node-sass node-uuid nodemailer nodemon nopt normalize-path
normalize-url npm npm-run-all npm-run-path npmlog nuxt nyc oauth-sign object-assign object-hash object-inspect
object-keys object.assign on-finished once one-time onetime open openai opencollective-postinstall openssl
optimism optimist optionator ora p-limit p-locate p-map p-queue parse-json parse-path parse-url parse5
parseurl passport passport-jwt passport-local path-exists path-is-absolute path-key path-parse path-to-regexp
pg phantomjs picocolors picomatch pify pino pixi.js playwright pm2 pnpm polished popper.js postcss
postcss-loader postcss-value-parser postcss-values-parser preact prettier pretty-bytes pretty-format prisma
process-nextick-args progress promise prompts prop-types proxy-addr proxy-from-env pug pump punycode puppeteer
puppeteer-core q qs query-string querystring ramda random-bytes randombytes range-parser raw-body rc react
react-app-rewired react-dom react-hook-form react-hot-loader react-icons react-intl react-is react-native
react-query react-redux react-router react-router-dom react-scripts react-select react-test-renderer
react-transition-group readable-stream readdirp recharts redis redux redux-saga redux-thunk reflect-metadata
regenerator-runtime regexpu-core rehype remark request request-promise require-from-string requirejs resolve
resolve-from restify rimraf rollup router run-parallel rxjs safe-buffer safe-json-stringify safer-buffer sass
sass-loader sax scheduler seedrandom semver send sequelize serialize-javascript serve serve-static
set-blocking setprototypeof sharp shebang-command shelljs shortid should side-channel signal-exit sinon slash
slice-ansi socket.io socket.io-client solc source-map source-map-support spdx-license-ids split sprintf-js
sqlite3 ssh2 sshpk stack-utils statuses storybook string-width string_decoder strip-ansi strip-bom
strip-json-comments stripe style-loader styled-components superagent supertest supports-color svelte svgo swr
tailwindcss tapable tape tar tar-stream terser terser-webpack-plugin three through through2 tmp to-regex-range
tough-cookie tree-kill trough ts-jest ts-loader ts-node tslib tslint tsutils tsx tunnel-agent tweetnacl
type-check type-fest type-is typeorm typescript ua-parser-js uglify-js underscore undici uniq unpipe
update-notifier uri-js urijs url url-loader url-parse use-sync-external-store util util-deprecate uuid
v8-compile-cache validate.js validator vary vite vitest vue vue-loader vue-router vue-template-compiler vuex
watch watchpack wcwidth web-vitals web3 webpack webpack-cli webpack-dev-server webpack-merge websocket
whatwg-fetch whatwg-url which winston word-wrap wordwrap wrap-ansi wrappy write-file-atomic ws xlsx xml-js
xml2js xmldom xmlhttprequest xtend y18n yallist yaml yargs yargs-parser yarn yauzl yeoman-generator yo yup zod
zone.js zustand
"""
_PYPI = """
absl-py aiobotocore aiofile aiofiles aiohttp aiosignal airflow alabaster alembic altair amqp aniso8601
annotated-types ansible ansible-core anthropic anyio apache-airflow apache-beam appdirs apscheduler
argcomplete argon2-cffi arrow asgiref asn1crypto astroid asttokens async-timeout asyncpg atomicwrites attrs
authlib autobahn autopep8 awscli azure-core azure-identity azure-storage-blob babel backcall backoff bandit
bcrypt beautifulsoup4 billiard bitarray black bleach blinker bokeh boto boto3 botocore bottle bs4 build
cachetools cattrs cchardet celery certifi cffi cfgv chardet charset-normalizer cheroot cherrypy click
cloudpickle cmake colorama colorlog configobj configparser contourpy coverage croniter cryptography cx-oracle
cycler cython dask databricks-cli datadog dataset datasets dateparser debugpy decorator defusedxml deprecated
dill discord.py distlib distro django django-cors-headers django-debug-toolbar django-extensions django-filter
django-rest-framework djangorestframework dnspython docker docker-compose docker-pycreds docopt docutils
dydantic ecdsa elasticsearch email-validator entrypoints et-xmlfile eventlet exceptiongroup execnet executing
fabric factory-boy faker fastapi fastavro fastjsonschema filelock fire flake8 flask flask-cors flask-login
flask-migrate flask-restful flask-sqlalchemy fonttools frozenlist fsspec future gast gdown gevent gitdb
gitpython google-api-core google-api-python-client google-auth google-auth-oauthlib google-cloud-bigquery
google-cloud-core google-cloud-storage googleapis-common-protos gql grapheme graphene graphviz greenlet
grequests grpcio grpcio-tools gsutil gunicorn h11 h5py harfile hiredis hjson html5lib httpcore httplib2
httptools httpx huggingface-hub hypothesis identify idna ijson imageio imagesize importlib-metadata
importlib-resources inflection iniconfig invoke ipaddress ipykernel ipython ipywidgets isodate isort
itsdangerous jax jaxlib jedi jinja2 jmespath joblib json5 jsonpath-ng jsonpickle jsons jsonschema jupyter
jupyter-client jupyter-core jupyterlab kafka-python keras keyring kiwisolver kombu kubernetes langchain
lazy-object-proxy librosa lightgbm llvmlite lockfile loguru lxml lz4 mako markdown markdown-it-py markupsafe
marshmallow matplotlib mccabe mechanize mkdocs mkdocs-material mlflow mock more-itertools moto mpmath msal
msgpack multidict mypy mypy-extensions mysql-connector-python mysqlclient nbconvert nbformat netaddr networkx
nltk nodeenv nose notebook numba numexpr numpy oauth2client oauthlib onnx onnxruntime openai
opencv-contrib-python opencv-python opencv-python-headless openpyxl opentelemetry-api opentelemetry-sdk
oscrypto oyaml packaging pacparser pandas paramiko parso parsy passlib pathlib pathlib2 pathspec patsy pbr
pdfminer.six peewee pendulum pexpect pickleshare pika pillow pip pip-tools pipenv pipx pkginfo platformdirs
playwright plotly pluggy ply poetry poetry-core portalocker pre-commit prettytable prometheus-client promise
prompt-toolkit protobuf psutil psycopg psycopg-binary psycopg2 psycopg2-binary ptyprocess pure-eval py py4j
pyaml pyarrow pyasn1 pyasn1-modules pycodestyle pycparser pycrypto pycryptodome pycryptodomex pycurl pydantic
pydantic-core pydot pyflakes pygame pygithub pygments pyinstaller pyjwt pykafka pylint pymongo pymssql pymysql
pynacl pyodbc pyopenssl pyparsing pypdf pypdf2 pyperclip pyproject-hooks pyqt5 pyramid pyrsistent pyserial
pyshark pysocks pyspark pytest pytest-asyncio pytest-cov pytest-mock pytest-runner pytest-xdist
python-dateutil python-dotenv python-jose python-ldap python-magic python-multipart python-nmap python-slugify
python-telegram-bot pytz pytz-deprecation-shim pywavelets pywin32 pyyaml pyzmq qrcode rarfile redis regex
requests requests-file requests-oauthlib requests-toolbelt responses rfc3986 rich rsa ruamel.yaml ruff s3fs
s3transfer sanic scapy scikit-build scikit-image scikit-learn scipy scrapy seaborn selenium semver
sentencepiece sentry-sdk service-identity setproctitle setuptools setuptools-scm shapely shellingham
simplejson six slack-sdk slackclient smart-open smmap sniffio snowballstemmer snowflake-connector-python
sortedcontainers soupsieve spacy sphinx spython sqlalchemy sqlparse stack-data starlette statsmodels stripe
sympy tabulate telethon tenacity tensorboard tensorflow tensorflow-cpu tensorflow-gpu termcolor testtools
text-unidecode texttable thinc threadpoolctl tifffile tiktoken tinycss2 tokenizers toml tomli tomlkit tools
toolz torch torchaudio torchvision tornado tox tqdm traitlets transformers trio trove-classifiers tweepy
twilio twine twisted typed-ast typer types-requests typing typing-extensions tzdata tzlocal ujson unicorn
unidecode uri-template uritemplate urllib3 usort uvicorn uvloop uwsgi vine virtualenv wand wandb watchdog
wcwidth web3 webencodings websocket-client websockets webtest werkzeug wheel whitenoise willow wrapt wtforms
xgboost xlrd xlsxwriter xlwt xmltodict yapf yarl youtube-dl yt-dlp zeep zipp zope.interface zstandard
"""
_GEM = """
actioncable actionmailer actionpack actionview active_model_serializers activeadmin activejob activemodel
activerecord activestorage activesupport acts-as-taggable-on acts_as_list addressable airbrake arel ast
atomic-ruby atomos autoprefixer-rails aws-sdk aws-sdk-core aws-sdk-s3 axiom-types backports bcrypt
better_errors bigdecimal bindex binding_of_caller bootsnap bootstrap-sass brakeman builder bullet bundler
byebug cancancan capistrano capybara carrierwave celluloid chef childprocess claide cocoapods coderay
coffee-rails coffee-script colorize commander concurrent-ruby connection_pool crack crass cucumber dalli
database_cleaner datadog declarative devise diff-lcs docile domain_name dotenv draper dry-types elasticsearch
em-websocket erubi erubis ethon eventmachine excon execjs factory_bot factory_bot_rails factory_girl faker
faraday faraday_middleware fastlane ffi ffi-compiler figaro fog fog-core foreman formatador friendly_id
gemnasium geocoder gherkin globalid google-api-client googleauth grape graphql grpc guard gyoku haml hashdiff
hashie highline hike hiredis hpricot http http-cookie http_parser.rb httparty httpclient i18n jbuilder jekyll
jmespath jquery-rails json json-jwt json-schema jwt kaminari kramdown launchy letter_opener liquid listen
little-plugger logging loofah lumberjack mail mailcatcher mechanize memoist method_source mime-types
mini_magick mini_mime mini_portile2 minitest mocha money mongo mongoid multi_json multi_xml multipart-post
mustermann mysql2 net-http net-scp net-ssh netrc newrelic_rpm nio4r nokogiri oauth oauth2 octokit oj omniauth
omniauth-oauth2 orm_adapter os paper_trail paperclip parallel parser passenger pg polyglot powerpack premailer
progressbar protected_attributes pry pry-byebug pry-rails public_suffix puma pundit puppet rack rack-attack
rack-cache rack-cors rack-protection rack-proxy rack-test rails rails-dom-testing rails-html-sanitizer
railties rainbow rake rake-compiler ransack rb-fsevent rb-inotify rdoc recaptcha redcarpet redis
redis-namespace redis-rails regexp_parser representable responders resque rest-client retriable rexml roda
rollbar rouge rspec rspec-core rspec-expectations rspec-mocks rspec-rails rspec-support rubocop rubocop-ast
ruby-progressbar ruby2_keywords rubygems-update rubyzip safe_yaml sass sass-rails sassc sawyer sdoc
selenium-webdriver sentry-raven sentry-ruby sequel shoulda shoulda-matchers sidekiq signet simple_form
simplecov sinatra slim slop spring sprockets sprockets-rails sqlite3 sshkit state_machine stripe stripe-ruby
syntax systemu temple terminal-table thin thor thread_safe tilt timecop timeout treetop turbolinks twilio-ruby
typhoeus tzinfo tzinfo-data uglifier unf unf_ext unicode-display_width unicorn vagrant vcr warden web-console
webdrivers webmock webpacker webrick websocket websocket-driver will_paginate wirble xpath yajl-ruby yard
zeitwerk
"""
_CARGO = """
actix actix-rt actix-web adler ahash aho-corasick anyhow approx arbitrary arc-swap arrayvec askama async-std
async-stream async-trait atomic atty autocfg aws-config aws-sdk-s3 axum backtrace base64 bigdecimal bincode
bindgen bit-set bit-vec bitflags bitvec blake2 blake3 block-buffer bstr build_const bumpalo bytemuck byteorder
bytes cargo_metadata cbindgen cc cfg-if chrono clap clap_derive clap_lex colored config console const-oid
convert_case cookie core-foundation cpufeatures crates-io crc crc32fast criterion crossbeam crossbeam-channel
crossbeam-deque crossbeam-epoch crossbeam-queue crossbeam-utils crossterm crypto-common csv ctor ctrlc curl
darling dashmap data-encoding derive_builder derive_more diesel diff digest dirs dirs-sys dotenv dotenvy
ed25519-dalek either embedded-hal encode_unicode encoding_rs env_logger errno ethers failure fastrand filetime
fixedbitset flate2 fnv foreign-types form_urlencoded fs2 futures futures-channel futures-core futures-executor
futures-io futures-macro futures-sink futures-task futures-util generic-array getopts getrandom gimli git2
glob globset gloo h2 half hashbrown heck hermit-abi hex hmac html5ever http http-body httparse httpdate
humantime hyper hyper-rustls hyper-tls iana-time-zone ident_case idna image indexmap indicatif indoc inout
insta instant iovec ipnet is-terminal itertools itoa jobserver js-sys jsonwebtoken lalrpop lazy_static
lazycell lettre lexical libc libloading libm libsqlite3-sys libz-sys linked-hash-map linux-raw-sys lock_api
log lru mach mach2 maplit matchers matches md-5 md5 memchr memmap memmap2 memoffset mime mime_guess
miniz_oxide mio mockall multer native-tls ndarray net2 nix nom ntapi num num-bigint num-complex num-derive
num-integer num-iter num-rational num-traits num_cpus num_enum numpy oauth2 object once_cell opaque-debug
openssl openssl-probe openssl-sys ordered-float parking_lot parking_lot_core paste pem percent-encoding pest
pest_derive petgraph phf pin-project pin-project-lite pin-utils pkg-config plotters pnet polars postgres
ppv-lite86 pretty_assertions proc-macro-error proc-macro-hack proc-macro2 proptest prost protobuf pyo3
quick-error quick-xml quickcheck quinn quote r2d2 rand rand_chacha rand_core rand_distr rayon rayon-core redis
redox_syscall ref-cast regex regex-automata regex-syntax reqwest ring rocket rocksdb ron rpassword rstest
rusqlite rustc-demangle rustc-hash rustc-serialize rustc_version rustix rustls rustls-pemfile rustversion
rustyline ryu same-file schannel scoped-tls scopeguard sct security-framework semver serde serde_bytes
serde_cbor serde_derive serde_json serde_qs serde_urlencoded serde_with serde_yaml serial_test sha-1 sha1 sha2
sha3 sharded-slab shlex signal-hook signature similar simplelog siphasher slab slog smallvec smol socket2 spin
sqlx stable_deref_trait static_assertions strsim structopt strum strum_macros subtle syn sync_wrapper
synstructure sys-info sysinfo tar target-lexicon tauri tempdir tempfile term termcolor termion test-case
textwrap thiserror thread_local threadpool tiff time tiny-keccak tinyvec tokio tokio-macros tokio-native-tls
tokio-rustls tokio-stream tokio-tungstenite tokio-util toml toml_edit tonic tower tower-http tower-layer
tower-service tracing tracing-attributes tracing-core tracing-subscriber trust-dns-resolver trybuild
tungstenite typenum uint unicase unicode-bidi unicode-ident unicode-normalization unicode-segmentation
unicode-width unicode-xid untrusted url utf-8 uuid valuable vcpkg vec_map version_check void walkdir want warp
wasi wasm-bindgen wasm-bindgen-futures web-sys webpki webpki-roots which widestring winapi windows-sys winreg
x11rb xattr xml-rs yaml-rust yansi yew zerocopy zeroize zip zstd
"""
_COMPOSER = """
aws/aws-sdk-php bacon/bacon-qr-code barryvdh/laravel-debugbar barryvdh/laravel-ide-helper behat/behat
brick/math cakephp/cakephp codeception/codeception composer/ca-bundle composer/composer composer/installers
composer/semver composer/xdebug-handler dflydev/dot-access-data doctrine/annotations doctrine/cache
doctrine/collections doctrine/common doctrine/dbal doctrine/doctrine-bundle doctrine/event-manager
doctrine/inflector doctrine/instantiator doctrine/lexer doctrine/migrations doctrine/orm doctrine/persistence
dompdf/dompdf dragonmantank/cron-expression drupal/core drush/drush egulias/email-validator
ezyang/htmlpurifier facebook/graph-sdk fakerphp/faker fideloper/proxy filp/whoops firebase/php-jwt
friendsofphp/php-cs-fixer fruitcake/laravel-cors fzaninotto/faker google/apiclient google/auth
graham-campbell/result-type guzzlehttp/guzzle guzzlehttp/promises guzzlehttp/psr7 hamcrest/hamcrest-php
illuminate/contracts illuminate/database illuminate/support intervention/image jms/serializer
joomla/joomla-cms justinrainbow/json-schema knplabs/knp-menu laminas/laminas-diactoros laravel/breeze
laravel/framework laravel/passport laravel/sail laravel/sanctum laravel/serializable-closure laravel/socialite
laravel/tinker laravel/ui lcobucci/jwt league/commonmark league/csv league/flysystem
league/flysystem-aws-s3-v3 league/fractal league/mime-type-detection league/oauth2-client league/oauth2-server
league/uri livewire/livewire maatwebsite/excel magento/framework maximebf/debugbar mockery/mockery
moneyphp/money monolog/monolog mpdf/mpdf mtdowling/jmespath.php myclabs/deep-copy nategood/httpful
nelmio/cors-bundle nesbot/carbon nette/utils nikic/fast-route nikic/php-parser nunomaduro/collision
nunomaduro/termwind nyholm/psr7 opis/closure paragonie/random_compat paragonie/sodium_compat pear/archive_tar
phar-io/manifest phar-io/version php-http/discovery php-http/httplug php-http/message
phpdocumentor/reflection-common phpdocumentor/reflection-docblock phpdocumentor/type-resolver
phpmailer/phpmailer phpoffice/phpexcel phpoffice/phpspreadsheet phpoffice/phpword phpoption/phpoption
phpseclib/phpseclib phpspec/prophecy phpstan/phpstan phpunit/php-code-coverage phpunit/php-file-iterator
phpunit/php-text-template phpunit/php-timer phpunit/php-token-stream phpunit/phpunit predis/predis psr/cache
psr/container psr/event-dispatcher psr/http-client psr/http-factory psr/http-message psr/log psr/simple-cache
psy/psysh ralouphie/getallheaders ramsey/collection ramsey/uuid react/event-loop react/promise rector/rector
roave/security-advisories robmorgan/phinx sabberworm/php-css-parser sebastian/cli-parser sebastian/code-unit
sebastian/comparator sebastian/diff sebastian/environment sebastian/exporter sebastian/global-state
sebastian/object-enumerator sebastian/recursion-context sebastian/resource-operations sebastian/type
sebastian/version seld/jsonlint seld/phar-utils sensio/framework-extra-bundle sentry/sentry
slevomat/coding-standard slim/slim smarty/smarty spatie/backtrace spatie/laravel-permission
squizlabs/php_codesniffer stripe/stripe-php swiftmailer/swiftmailer symfony/asset symfony/cache symfony/config
symfony/console symfony/css-selector symfony/debug symfony/dependency-injection symfony/deprecation-contracts
symfony/dom-crawler symfony/error-handler symfony/event-dispatcher symfony/filesystem symfony/finder
symfony/form symfony/framework-bundle symfony/http-client symfony/http-foundation symfony/http-kernel
symfony/mailer symfony/mime symfony/monolog-bundle symfony/options-resolver symfony/polyfill-ctype
symfony/polyfill-intl-idn symfony/polyfill-mbstring symfony/polyfill-php72 symfony/polyfill-php73
symfony/polyfill-php80 symfony/process symfony/property-access symfony/routing symfony/security-bundle
symfony/serializer symfony/service-contracts symfony/string symfony/translation symfony/twig-bundle
symfony/validator symfony/var-dumper symfony/yaml tecnickcom/tcpdf theseer/tokenizer tightenco/ziggy
tijsverkoyen/css-to-inline-styles twig/twig vimeo/psalm vlucas/phpdotenv voku/portable-ascii webmozart/assert
wikimedia/composer-merge-plugin yiisoft/yii2 zendframework/zend-diactoros zircote/swagger-php
"""
_GO = """
cloud.google.com/go cloud.google.com/go/storage github.com/alecthomas/kong github.com/armon/go-metrics
github.com/aws/aws-sdk-go github.com/aws/aws-sdk-go-v2 github.com/azure/azure-sdk-for-go
github.com/beorn7/perks github.com/bgentry/speakeasy github.com/blang/semver github.com/boltdb/bolt
github.com/burntsushi/toml github.com/caarlos0/env github.com/cenkalti/backoff github.com/cespare/xxhash
github.com/charmbracelet/bubbles github.com/charmbracelet/bubbletea github.com/charmbracelet/lipgloss
github.com/containerd/containerd github.com/containerd/log github.com/containers/image
github.com/containers/podman github.com/containers/storage github.com/coreos/etcd github.com/coreos/go-systemd
github.com/cpuguy83/go-md2man github.com/davecgh/go-spew github.com/dgraph-io/badger
github.com/dgrijalva/jwt-go github.com/docker/cli github.com/docker/distribution github.com/docker/docker
github.com/docker/go-connections github.com/docker/go-units github.com/dustin/go-humanize
github.com/emicklei/go-restful github.com/evanphx/json-patch github.com/fatih/color
github.com/fsnotify/fsnotify github.com/gin-gonic/gin github.com/go-chi/chi github.com/go-git/go-git
github.com/go-gorm/gorm github.com/go-kit/kit github.com/go-logr/logr github.com/go-openapi/spec
github.com/go-openapi/swag github.com/go-playground/validator github.com/go-redis/redis
github.com/go-resty/resty github.com/go-sql-driver/mysql github.com/go-yaml/yaml github.com/gofiber/fiber
github.com/gofrs/uuid github.com/gogo/protobuf github.com/golang-jwt/jwt github.com/golang-migrate/migrate
github.com/golang/glog github.com/golang/groupcache github.com/golang/mock github.com/golang/protobuf
github.com/golang/snappy github.com/google/btree github.com/google/go-cmp
github.com/google/go-containerregistry github.com/google/go-github github.com/google/gofuzz
github.com/google/pprof github.com/google/uuid github.com/google/wire github.com/googleapis/gax-go
github.com/gookit/color github.com/gookit/goutil github.com/gorilla/context github.com/gorilla/handlers
github.com/gorilla/mux github.com/gorilla/sessions github.com/gorilla/websocket
github.com/grpc-ecosystem/grpc-gateway github.com/hashicorp/consul github.com/hashicorp/go-cleanhttp
github.com/hashicorp/go-multierror github.com/hashicorp/go-plugin github.com/hashicorp/go-retryablehttp
github.com/hashicorp/go-version github.com/hashicorp/golang-lru github.com/hashicorp/hcl
github.com/hashicorp/memberlist github.com/hashicorp/raft github.com/hashicorp/terraform
github.com/hashicorp/vault github.com/imdario/mergo github.com/inconshreveable/mousetrap github.com/jackc/pgx
github.com/jinzhu/gorm github.com/jinzhu/inflection github.com/jmespath/go-jmespath github.com/jmoiron/sqlx
github.com/json-iterator/go github.com/julienschmidt/httprouter github.com/kelseyhightower/envconfig
github.com/klauspost/compress github.com/kr/pretty github.com/kr/text github.com/kubernetes/kubernetes
github.com/labstack/echo github.com/lib/pq github.com/magiconair/properties github.com/mailru/easyjson
github.com/mattn/go-colorable github.com/mattn/go-isatty github.com/mattn/go-runewidth
github.com/mattn/go-sqlite3 github.com/microsoft/go-winio github.com/miekg/dns github.com/minio/minio-go
github.com/mitchellh/cli github.com/mitchellh/go-homedir github.com/mitchellh/mapstructure
github.com/moby/moby github.com/modern-go/concurrent github.com/modern-go/reflect2 github.com/nats-io/nats.go
github.com/olekukonko/tablewriter github.com/onsi/ginkgo github.com/onsi/gomega
github.com/opencontainers/go-digest github.com/opencontainers/image-spec github.com/opencontainers/runc
github.com/opencontainers/selinux github.com/opentracing/opentracing-go github.com/patrickmn/go-cache
github.com/pelletier/go-toml github.com/pierrec/lz4 github.com/pkg/errors github.com/pkg/sftp
github.com/pmezard/go-difflib github.com/prometheus/client_golang github.com/prometheus/client_model
github.com/prometheus/common github.com/prometheus/procfs github.com/redis/go-redis github.com/rivo/tview
github.com/robfig/cron github.com/rs/cors github.com/rs/zerolog github.com/russross/blackfriday
github.com/samber/lo github.com/satori/go.uuid github.com/segmentio/kafka-go github.com/shirou/gopsutil
github.com/shopify/sarama github.com/shopspring/decimal github.com/sirupsen/logrus github.com/spf13/afero
github.com/spf13/cast github.com/spf13/cobra github.com/spf13/jwalterweatherman github.com/spf13/pflag
github.com/spf13/viper github.com/stretchr/objx github.com/stretchr/testify github.com/swaggo/swag
github.com/syndtr/goleveldb github.com/tidwall/gjson github.com/tidwall/sjson github.com/uber-go/zap
github.com/ugorji/go github.com/ulikunitz/xz github.com/urfave/cli github.com/valyala/fasthttp
github.com/vmihailenco/msgpack github.com/xeipuuv/gojsonpointer github.com/xeipuuv/gojsonschema
github.com/yuin/goldmark go.etcd.io/bbolt go.etcd.io/etcd go.mongodb.org/mongo-driver go.opencensus.io
go.opentelemetry.io/otel go.uber.org/atomic go.uber.org/fx go.uber.org/multierr go.uber.org/zap
golang.org/x/crypto golang.org/x/exp golang.org/x/image golang.org/x/lint golang.org/x/mod golang.org/x/net
golang.org/x/oauth2 golang.org/x/sync golang.org/x/sys golang.org/x/term golang.org/x/text golang.org/x/time
golang.org/x/tools golang.org/x/xerrors google.golang.org/api google.golang.org/appengine
google.golang.org/genproto google.golang.org/grpc google.golang.org/protobuf gopkg.in/check.v1 gopkg.in/inf.v0
gopkg.in/ini.v1 gopkg.in/yaml.v2 gopkg.in/yaml.v3 gorm.io/driver/mysql gorm.io/gorm gotest.tools/gotestsum
helm.sh/helm k8s.io/api k8s.io/apimachinery k8s.io/client-go k8s.io/klog k8s.io/kubernetes k8s.io/utils
sigs.k8s.io/controller-runtime sigs.k8s.io/yaml
"""

NAMES: Mapping[str, str] = {
    "cargo": _CARGO,
    "composer": _COMPOSER,
    "gem": _GEM,
    "golang": _GO,
    "npm": _NPM,
    "pypi": _PYPI,
}
"""purl type to names, separated by white space, in lower case."""
